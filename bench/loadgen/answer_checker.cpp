#include "bench/loadgen/answer_checker.hpp"

#include <algorithm>

namespace sluice::bench {

answer_checker::answer_checker(const scenario& plan, std::string_view user_message)
    : text_{.source =
                answer_text(plan, answer_text::part::text, plan.seed.value_or(seed_of(user_message)), user_message)},
      reasoning_{.source = answer_text(plan, answer_text::part::reasoning, plan.seed.value_or(seed_of(user_message)),
                                       user_message)} {}

bool answer_checker::part::take(std::string_view piece) {
  while (!piece.empty()) {
    if (position == token.size()) {
      if (source.ended()) return false;
      token = source.next();
      position = 0;
    }
    const std::size_t size = std::min(piece.size(), token.size() - position);
    if (piece.substr(0, size) != std::string_view(token).substr(position, size)) return false;
    position += size;
    piece.remove_prefix(size);
  }
  return true;
}

}  // namespace sluice::bench
