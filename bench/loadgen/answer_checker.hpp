// Compares an answer, as it comes, with what the simulated provider must have said.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/answer/answer_text.hpp"

namespace sluice::bench {

class answer_checker {
 public:
  answer_checker(const scenario& plan, std::string_view user_message);

  /// The next piece, however the answer was cut. False if it is not what must come here.
  bool text(std::string_view piece) { return text_.take(piece); }
  bool reasoning(std::string_view piece) { return reasoning_.take(piece); }
  /// Whether all has come.
  bool complete() const { return text_.complete() && reasoning_.complete(); }
  /// Tokens of which at least a part has come.
  std::uint32_t tokens() const { return text_.source.given() + reasoning_.source.given(); }

 private:
  struct part {
    answer_text source;
    std::string token = {};
    std::size_t position = 0;  // in `token`: what has come of it
    bool take(std::string_view piece);
    bool complete() const { return source.ended() && position == token.size(); }
  };
  part text_;
  part reasoning_;
};

}  // namespace sluice::bench
