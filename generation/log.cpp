#include "generation/log.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

#include "generation/cursor.hpp"

namespace sluice::generation {

log::log(async::worker_pool& workers, std::string id, std::uint64_t bytes_max)
    : workers_(workers), id_(std::move(id)), bytes_max_(bytes_max), readers_(workers.size(), nullptr) {
  assert(workers.size() <= 64 && "one bit per worker");
}

log::~log() = default;

bool log::append(delta_kind kind, std::string_view bytes, std::uint8_t choice) {
  assert(kind != delta_kind::finish);
  const std::uint64_t index_bytes = (entries_.size() + 1) * sizeof(entry);
  if (ended() || bytes_.size() + bytes.size() + index_bytes > bytes_max_) return false;
  bytes_.append(std::span<const char>(bytes.data(), bytes.size()));
  publish(kind, choice);
  return true;
}

void log::end(finish ending) {
  if (ended()) return;
  ending_ = std::move(ending);
  ended_.store(true, std::memory_order_release);
  publish(delta_kind::finish, 0);
}

void log::publish(delta_kind kind, std::uint8_t choice) {
  entries_.append(entry{
      .number = next_number_++, .end = bytes_.size(), .kind_ = static_cast<std::uint8_t>(kind), .choice = choice});
  published_.store(entries_.size(), std::memory_order_release);
  // The exchange and the readers' fetch_or are on one atomic, so they have an order: either the reader armed before and
  // is woken here, or it arms after and then sees the new length.
  std::uint64_t wanted = armed_.exchange(0, std::memory_order_acq_rel);
  while (wanted != 0) {
    const auto worker = static_cast<std::size_t>(std::countr_zero(wanted));
    wanted &= wanted - 1;
    if (async::on_worker() && async::this_worker() == worker) {
      wake_cursors_here();
    } else {
      workers_[worker].post([self = shared_from_this()] { self->wake_cursors_here(); });
    }
  }
}

void log::wake_cursors_here() {
  for (cursor* reader = readers_[async::this_worker()]; reader != nullptr; reader = reader->next_)
    reader->on_growth_.notify();
}

void log::add(cursor& reader) {
  cursor*& head = readers_[async::this_worker()];
  reader.previous_ = nullptr;
  reader.next_ = head;
  if (head != nullptr) head->previous_ = &reader;
  head = &reader;
  followers_.fetch_add(1, std::memory_order_relaxed);
}

void log::remove(cursor& reader) {
  if (reader.next_ != nullptr) reader.next_->previous_ = reader.previous_;
  if (reader.previous_ != nullptr) {
    reader.previous_->next_ = reader.next_;
  } else {
    readers_[async::this_worker()] = reader.next_;
  }
  followers_.fetch_sub(1, std::memory_order_relaxed);
}

std::uint64_t log::last_number() const {
  const std::uint64_t count = published();
  return count == 0 ? 0 : entries_[count - 1].number;
}

std::uint64_t log::position_after(std::uint64_t after) const {
  // Numbers grow, so the first entry above `after` is found by halving.
  std::uint64_t low = 0;
  std::uint64_t high = published();
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (entries_[middle].number > after) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

std::string log::copy(std::uint64_t from, std::uint64_t to) const {
  std::string text;
  text.reserve(to - from);
  for_each_piece(from, to, [&](std::string_view piece) { text.append(piece); });
  return text;
}

}  // namespace sluice::generation
