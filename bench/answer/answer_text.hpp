// The answer that the simulated provider gives, token by token. It follows from the last user message alone, so that
// whoever sent the message can check every byte of the answer, and a message that was changed on its way shows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/answer/scenario.hpp"

namespace sluice::bench {

/// FNV-1a of the last user message (64 bits).
std::uint64_t seed_of(std::string_view user_message);

class answer_text {
 public:
  enum class part : std::uint8_t { text, reasoning };

  /// `user_message` is kept only for the echo.
  answer_text(const scenario& plan, part which, std::uint64_t seed, std::string_view user_message);

  bool ended() const { return given_ == tokens_; }
  std::uint32_t given() const { return given_; }
  /// The next token, UTF-8; valid until the next call. Only while not `ended()`.
  std::string_view next();
  /// All that is left.
  std::string rest();

 private:
  void append_word();
  void append_character();
  void take_echo();
  std::uint64_t draw();

  text_kind kind_;
  std::uint32_t size_;
  std::uint32_t tokens_;
  std::uint32_t given_ = 0;
  std::uint64_t state_;
  std::string echo_;
  std::size_t echo_position_ = 0;
  std::string token_;
};

/// Appends `text`, valid UTF-8, as the inside of a JSON string. `ascii` writes what is outside ASCII as \uXXXX.
void append_json_escaped(std::string& to, std::string_view text, bool ascii = false);

}  // namespace sluice::bench
