#include "generation/mirror.hpp"

#include <utility>

namespace sluice::generation {

std::vector<delta_range> read_ranges(cursor& reader, std::uint64_t bytes_max) {
  std::vector<delta_range> ranges;
  const log& source = reader.source();
  std::uint64_t bytes = 0;
  while (bytes < bytes_max) {
    const auto next = reader.next(merging::none, bytes_max);
    if (!next || next->kind == delta_kind::finish) break;
    const bool goes_on = !ranges.empty() && ranges.back().kind == next->kind && ranges.back().choice == next->choice &&
                         ranges.back().first + ranges.back().lengths.size() == next->first;
    if (!goes_on) ranges.push_back({.kind = next->kind, .choice = next->choice, .first = next->first});
    delta_range& range = ranges.back();
    range.lengths.push_back(static_cast<std::uint32_t>(next->end - next->begin));
    source.for_each_piece(next->begin, next->end, [&range](std::string_view piece) { range.bytes += piece; });
    bytes += next->end - next->begin + sizeof(std::uint32_t);
  }
  return ranges;
}

result<void> mirror::take(const delta_range& more) {
  if (more.kind >= delta_kind::finish) return failure(error_reason::internal, "another node sent an unknown delta");
  std::uint64_t number = more.first;
  std::size_t at = 0;
  for (const std::uint32_t length : more.lengths) {
    if (length > more.bytes.size() - at)
      return failure(error_reason::internal, "another node sent deltas without their bytes");
    if (number > log_->last_number()) {
      log_->skip_to(number);
      if (!log_->append(more.kind, std::string_view(more.bytes).substr(at, length), more.choice))
        return failure(error_reason::too_large, "the answer is longer than this node takes");
    }
    at += length;
    ++number;
  }
  return {};
}

}  // namespace sluice::generation
