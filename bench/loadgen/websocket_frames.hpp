// RFC 6455 as a client needs it: masked frames out, unmasked frames in. Of its own, so that a mistake in the gateway's
// codec cannot hide behind the same mistake here. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::bench {

enum class frame_kind : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Appends one whole masked frame; `mask` should differ from frame to frame.
void append_frame(std::string& to, frame_kind kind, std::string_view payload, std::uint32_t mask);

struct frame {
  frame_kind kind = frame_kind::text;
  bool last = true;
  std::string_view payload;
};

enum class frame_read : std::uint8_t { frame, incomplete, broken };

/// Takes one frame off the front of `input`; its payload points into what `input` held.
frame_read take_frame(std::string_view& input, frame& to);

/// What a client sends to upgrade. `protocol` may be empty.
std::string upgrade_request(std::string_view host, std::string_view path, std::string_view key,
                            std::string_view protocol);

/// Whether `head` accepts that upgrade.
bool accepts_upgrade(std::string_view head);

}  // namespace sluice::bench
