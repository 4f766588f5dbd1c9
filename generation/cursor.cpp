#include "generation/cursor.hpp"

namespace sluice::generation {

cursor::cursor(std::shared_ptr<generation::log> source, std::uint64_t after, async::wakeup& on_growth)
    : source_(std::move(source)), on_growth_(on_growth), number_(after), position_(source_->position_after(after)) {
  source_->add(*this);
}

cursor::~cursor() {
  source_->remove(*this);
}

std::optional<run> cursor::next(merging how, std::uint64_t bytes_max) {
  if (position_ >= seen_) {
    source_->arm(async::this_worker());
    seen_ = source_->published();
    if (position_ >= seen_) return std::nullopt;
  }
  const log::entry& start = source_->at(position_);
  run found{.kind = start.kind(),
            .choice = static_cast<std::uint8_t>(start.choice),
            .first = start.number,
            .last = start.number,
            .begin = source_->begin_of(position_),
            .end = start.end};
  ++position_;
  if (how == merging::neighbours && is_plain_text(found.kind)) {
    while (position_ < seen_) {
      const log::entry& neighbour = source_->at(position_);
      if (neighbour.kind() != found.kind || neighbour.choice != found.choice || neighbour.end - found.begin > bytes_max)
        break;
      found.last = neighbour.number;
      found.end = neighbour.end;
      ++position_;
    }
  }
  number_ = found.last;
  finished_ = found.kind == delta_kind::finish;
  return found;
}

}  // namespace sluice::generation
