// The bytes of one response, packet by packet, with the faults that were asked for. A state machine without I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bench/answer/answer_text.hpp"
#include "bench/llmsim/face.hpp"
#include "bench/net/event_loop.hpp"

namespace sluice::bench {

/// What to do once a packet is on its way.
enum class after_packet : std::uint8_t { proceed, complete, stall, close, reset };

struct packet_step {
  after_packet then = after_packet::proceed;
  nanoseconds_t delay = 0;  ///< of `proceed`: from this packet to the next
};

class answer_stream {
 public:
  /// `faulty` false answers as if the plan had no fault.
  answer_stream(chat_request request, std::unique_ptr<face> words, bool faulty);

  /// Appends the next packet to `to`. Not after a step that does not proceed.
  packet_step next(std::string& to);

  const chat_request& request() const { return request_; }
  /// From the request to the response's head.
  nanoseconds_t headers_delay() const;
  /// Of text and reasoning.
  std::uint32_t tokens_sent() const { return tokens_sent_; }
  /// Whether the fault has struck.
  bool struck() const { return struck_; }

 private:
  enum class stage : std::uint8_t { refusal, head, first, reasoning, text, tools, ending };

  packet_step refusal(std::string& to);
  packet_step head(std::string& to);
  packet_step whole(std::string& to);
  packet_step events(std::string& to);
  void event(std::string& to);
  void text_event(std::string& to);
  void tools_event(std::string& to);
  packet_step ending(std::string& to);
  bool strikes_here() const;
  packet_step strike(std::string& to);
  packet_step cut_whole(std::string& to);
  packet_step error_response(std::string& to);
  nanoseconds_t token_delay(std::uint32_t tokens) const;
  token_usage usage() const;

  chat_request request_;
  std::unique_ptr<face> face_;
  fault_kind fault_;
  stage stage_ = stage::refusal;
  bool struck_ = false;
  std::uint32_t tokens_sent_ = 0;
  answer_text reasoning_;
  answer_text text_;
  std::vector<tool_call> tools_;
  std::size_t tool_ = 0;
  std::size_t tool_argument_ = SIZE_MAX;  // SIZE_MAX: not begun
  std::string events_;
};

}  // namespace sluice::bench
