// WebSocket text frames, written one behind the other into one buffer that leaves in one write.
#pragma once

#include <string>

#include "http/websocket_frame.hpp"

namespace sluice::gateway {

/// `begin`, append to `text()`, then `end` or `drop`.
class frame_batch {
 public:
  explicit frame_batch(std::string& out) : out_(out) {}

  void begin() {
    mark_ = out_.size();
    start_ = http::begin_frame(out_, http::websocket_role::server);
  }
  std::string& text() { return out_; }
  void end() { http::end_frame(out_, start_, http::websocket_role::server, http::websocket_opcode::text); }
  /// Forgets the frame that was begun.
  void drop() { out_.resize(mark_); }
  std::size_t size() const { return out_.size(); }

 private:
  std::string& out_;
  std::size_t mark_ = 0;
  std::size_t start_ = 0;
};

}  // namespace sluice::gateway
