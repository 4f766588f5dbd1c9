#include "state/shared_state_memory.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::state {
namespace {

// A key's share of the tables, about.
constexpr std::size_t entry_overhead_bytes = 160;
// What a call removes beside its own business: more than one, so that the ended cannot pile up.
constexpr std::size_t removals_per_call = 4;

error no_room() {
  error full{.reason = error_reason::unavailable, .message = "this server has too much to remember; try again later"};
  full.retry_after = std::chrono::seconds(1);
  full.detail = "the shared state in memory is full";
  return full;
}

error other_kind(const std::string& key) {
  error wrong{.reason = error_reason::internal, .message = "something went wrong here"};
  wrong.detail = "a value was used as a counter, or a counter as a value: " + key.substr(0, key.find(':'));
  return wrong;
}

}  // namespace

class shared_state_memory::shard {
 public:
  explicit shard(std::size_t bytes_max, keyed_hash hash) : bytes_max_(bytes_max), entries_(0, hasher{hash}) {}

  result<bool> put(std::string&& key, std::string&& value, time_point now, time_point end, bool replaces) {
    const std::scoped_lock lock(mutex_);
    remove_ended(now, removals_per_call);
    const auto present = find(key, now);
    if (present != entries_.end()) {
      if (present->second.is_counter) return std::unexpected(other_kind(key));
      if (!replaces) return false;
    }
    const std::size_t kept = present == entries_.end() ? 0 : bytes_of(*present);
    const std::size_t bytes = entry_overhead_bytes + key.size() + value.size();
    if (!make_room(value_bytes_, kept, bytes, now)) return std::unexpected(no_room());
    if (present != entries_.end()) erase(present);
    insert(std::move(key), {.value = std::move(value), .count = 0, .is_counter = false, .end = {}}, end);
    return true;
  }

  result<std::optional<std::string>> get(const std::string& key, time_point now, bool takes) {
    const std::scoped_lock lock(mutex_);
    remove_ended(now, removals_per_call);
    const auto present = find(key, now);
    if (present == entries_.end()) return std::nullopt;
    if (present->second.is_counter) return std::unexpected(other_kind(key));
    if (!takes) return present->second.value;
    std::string value = present->second.value;
    erase(present);
    return value;
  }

  bool remove(const std::string& key, time_point now) {
    const std::scoped_lock lock(mutex_);
    const auto present = find(key, now);
    if (present == entries_.end()) return false;
    erase(present);
    return true;
  }

  result<std::int64_t> add(std::string&& key, std::int64_t amount, time_point now, time_point end) {
    const std::scoped_lock lock(mutex_);
    remove_ended(now, removals_per_call);
    const auto present = find(key, now);
    if (present == entries_.end()) {
      if (amount == 0) return 0;
      if (!make_room(counter_bytes_, 0, entry_overhead_bytes + key.size(), now)) return std::unexpected(no_room());
      insert(std::move(key), {.value = {}, .count = amount, .is_counter = true, .end = {}}, end);
      return amount;
    }
    entry& counter = present->second;
    if (!counter.is_counter) return std::unexpected(other_kind(key));
    if (__builtin_add_overflow(counter.count, amount, &counter.count)) {
      counter.count = amount < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
    }
    return counter.count;
  }

  void sweep(time_point now) {
    const std::scoped_lock lock(mutex_);
    remove_ended(now, std::numeric_limits<std::size_t>::max());
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return entries_.size();
  }

 private:
  struct entry;
  struct hasher {
    keyed_hash hash;
    std::size_t operator()(const std::string& key) const { return hash(key); }
  };
  using table = std::unordered_map<std::string, entry, hasher>;
  using ends = std::multimap<time_point, const std::string*>;
  struct entry {
    std::string value;
    std::int64_t count;
    bool is_counter;
    ends::iterator end;
  };

  static std::size_t bytes_of(const table::value_type& one) {
    return entry_overhead_bytes + one.first.size() + one.second.value.size();
  }

  // Only what has not ended is there.
  table::iterator find(const std::string& key, time_point now) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.end->first > now) return found;
    erase(found);
    return entries_.end();
  }

  // Whether `bytes` fit in place of `kept` of the kind that `held` counts.
  bool make_room(const std::size_t& held, std::size_t kept, std::size_t bytes, time_point now) {
    if (held - kept + bytes <= bytes_max_) return true;
    remove_ended(now, std::numeric_limits<std::size_t>::max());
    return held - kept + bytes <= bytes_max_;
  }

  void insert(std::string&& key, entry&& made, time_point end) {
    const auto added = entries_.emplace(std::move(key), std::move(made)).first;
    added->second.end = ends_.emplace(end, &added->first);
    held_by(added->second) += bytes_of(*added);
  }

  void erase(table::iterator which) {
    held_by(which->second) -= bytes_of(*which);
    ends_.erase(which->second.end);
    entries_.erase(which);
  }

  std::size_t& held_by(const entry& one) { return one.is_counter ? counter_bytes_ : value_bytes_; }

  void remove_ended(time_point now, std::size_t count_max) {
    for (; count_max > 0 && !ends_.empty() && ends_.begin()->first <= now; --count_max)
      erase(entries_.find(*ends_.begin()->second));
  }

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  table entries_;
  ends ends_;  // when which key ends, the next one first
  std::size_t value_bytes_ = 0;
  std::size_t counter_bytes_ = 0;
};

shared_state_memory::shared_state_memory(shared_state_memory_settings told, clock now) : now_(std::move(now)) {
  const std::size_t count = std::max<std::size_t>(told.shards, 1);
  for (std::size_t i = 0; i < count; ++i)
    shards_.push_back(std::make_unique<shard>(told.bytes_max / count, keyed_hash()));
}

shared_state_memory::~shared_state_memory() = default;

shared_state_memory::shard& shared_state_memory::shard_of(std::string_view key) {
  return *shards_[hash_(key) % shards_.size()];
}

task<result<void>> shared_state_memory::put(std::string key, std::string value, duration lifetime) {
  const time_point now = now_();
  auto done = shard_of(key).put(std::move(key), std::move(value), now, now + lifetime, true);
  if (!done) co_return std::unexpected(std::move(done.error()));
  co_return result<void>();
}

task<result<bool>> shared_state_memory::put_if_absent(std::string key, std::string value, duration lifetime) {
  const time_point now = now_();
  co_return shard_of(key).put(std::move(key), std::move(value), now, now + lifetime, false);
}

task<result<std::optional<std::string>>> shared_state_memory::get(std::string key) {
  co_return shard_of(key).get(key, now_(), false);
}

task<result<std::optional<std::string>>> shared_state_memory::take(std::string key) {
  co_return shard_of(key).get(key, now_(), true);
}

task<result<bool>> shared_state_memory::remove(std::string key) {
  co_return shard_of(key).remove(key, now_());
}

task<result<std::int64_t>> shared_state_memory::add(std::string key, std::int64_t amount, duration lifetime) {
  const time_point now = now_();
  co_return shard_of(key).add(std::move(key), amount, now, now + lifetime);
}

void shared_state_memory::sweep() {
  const time_point now = now_();
  for (const auto& one : shards_)
    one->sweep(now);
}

std::size_t shared_state_memory::size() const {
  std::size_t sum = 0;
  for (const auto& one : shards_)
    sum += one->size();
  return sum;
}

}  // namespace sluice::state
