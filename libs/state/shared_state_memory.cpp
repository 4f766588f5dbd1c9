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
  wrong.detail = "a key of one kind (value, counter, lease) was asked for another: " + key.substr(0, key.find(':'));
  return wrong;
}

}  // namespace

class shared_state_memory::shard {
 public:
  explicit shard(std::size_t bytes_max, keyed_hash hash) : bytes_max_(bytes_max), entries_(0, hasher{hash}) {}

  result<bool> put(std::string&& key, std::string&& value, time_point now, time_point end, bool replaces) {
    const std::scoped_lock lock(mutex_);
    const auto present = look_up(key, kind::value, now);
    if (!present) return std::unexpected(present.error());
    if (*present != entries_.end() && !replaces) return false;
    return set(*present, std::move(key), {.value = std::move(value), .holds = kind::value}, now, end);
  }

  result<std::optional<std::string>> get(const std::string& key, time_point now, bool takes) {
    const std::scoped_lock lock(mutex_);
    const auto present = look_up(key, kind::value, now);
    if (!present) return std::unexpected(present.error());
    if (*present == entries_.end()) return std::nullopt;
    if (!takes) return (*present)->second.value;
    std::string value = (*present)->second.value;
    erase(*present);
    return value;
  }

  bool remove(const std::string& key, time_point now) {
    const std::scoped_lock lock(mutex_);
    const auto present = find(key, now);
    if (present == entries_.end()) return false;
    erase(present);
    return true;
  }

  bool extend(const std::string& key, time_point now, time_point end) {
    const std::scoped_lock lock(mutex_);
    const auto present = find(key, now);
    if (present == entries_.end()) return false;
    end_at(present, end);
    return true;
  }

  result<std::int64_t> add(std::string&& key, std::int64_t amount, time_point now, time_point end) {
    const std::scoped_lock lock(mutex_);
    const auto present = look_up(key, kind::counter, now);
    if (!present) return std::unexpected(present.error());
    if (*present == entries_.end()) {
      if (amount == 0) return 0;
      const auto made = set(*present, std::move(key), {.count = amount, .holds = kind::counter}, now, end);
      if (!made) return std::unexpected(made.error());
      return amount;
    }
    std::int64_t& count = (*present)->second.count;
    if (__builtin_add_overflow(count, amount, &count))
      count = amount < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
    return count;
  }

  result<bool> hold(std::string&& key, holding&& wanted, time_point now, time_point end) {
    const std::scoped_lock lock(mutex_);
    const auto present = look_up(key, kind::lease, now);
    if (!present) return std::unexpected(present.error());
    if (*present != entries_.end() && (*present)->second.owner != wanted.owner) return false;
    entry made{.value = std::move(wanted.value), .owner = std::move(wanted.owner), .holds = kind::lease};
    return set(*present, std::move(key), std::move(made), now, end);
  }

  // With no `end`, the lease ends now.
  result<bool> change(const std::string& key, const std::string& owner, time_point now, std::optional<time_point> end) {
    const std::scoped_lock lock(mutex_);
    const auto present = look_up(key, kind::lease, now);
    if (!present) return std::unexpected(present.error());
    if (*present == entries_.end() || (*present)->second.owner != owner) return false;
    end ? end_at(*present, *end) : erase(*present);
    return true;
  }

  result<std::optional<holding>> find_holder(const std::string& key, time_point now) {
    const std::scoped_lock lock(mutex_);
    const auto present = look_up(key, kind::lease, now);
    if (!present) return std::unexpected(present.error());
    if (*present == entries_.end()) return std::nullopt;
    const entry& lease = (*present)->second;
    return holding{.owner = lease.owner, .value = lease.value};
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
  enum class kind : std::uint8_t { value, counter, lease };
  struct entry;
  struct hasher {
    keyed_hash hash;
    std::size_t operator()(const std::string& key) const { return hash(key); }
  };
  using table = std::unordered_map<std::string, entry, hasher>;
  using ends = std::multimap<time_point, const std::string*>;
  struct entry {
    std::string value = {};
    std::string owner = {};  // of a lease
    std::int64_t count = 0;
    kind holds;
    ends::iterator end = {};
  };

  static std::size_t bytes_of(const std::string& key, const entry& one) {
    return entry_overhead_bytes + key.size() + one.value.size() + one.owner.size();
  }

  // Only what has not ended is there.
  table::iterator find(const std::string& key, time_point now) {
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.end->first > now) return found;
    erase(found);
    return entries_.end();
  }

  // The same for those who know what it has to be.
  result<table::iterator> look_up(const std::string& key, kind wanted, time_point now) {
    remove_ended(now, removals_per_call);
    const auto found = find(key, now);
    if (found != entries_.end() && found->second.holds != wanted) return std::unexpected(other_kind(key));
    return found;
  }

  // In place of `present`, if there is such a key; true.
  result<bool> set(table::iterator present, std::string&& key, entry&& made, time_point now, time_point end) {
    std::size_t& held = held_by(made);
    const std::size_t bytes = bytes_of(key, made);
    const auto fits = [&] {
      return held - (present == entries_.end() ? 0 : bytes_of(present->first, present->second)) + bytes <= bytes_max_;
    };
    if (!fits()) {
      remove_ended(now, std::numeric_limits<std::size_t>::max());  // `present` has not ended
      if (!fits()) return std::unexpected(no_room());
    }
    if (present != entries_.end()) erase(present);
    held += bytes;
    const auto added = entries_.emplace(std::move(key), std::move(made)).first;
    added->second.end = ends_.emplace(end, &added->first);
    return true;
  }

  void end_at(table::iterator which, time_point end) {
    ends_.erase(which->second.end);
    which->second.end = ends_.emplace(end, &which->first);
  }

  void erase(table::iterator which) {
    held_by(which->second) -= bytes_of(which->first, which->second);
    ends_.erase(which->second.end);
    entries_.erase(which);
  }

  std::size_t& held_by(const entry& one) { return one.holds == kind::counter ? counter_bytes_ : value_bytes_; }

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

task<result<bool>> shared_state_memory::extend(std::string key, duration lifetime) {
  const time_point now = now_();
  co_return shard_of(key).extend(key, now, now + lifetime);
}

task<result<std::int64_t>> shared_state_memory::add(std::string key, std::int64_t amount, duration lifetime) {
  const time_point now = now_();
  co_return shard_of(key).add(std::move(key), amount, now, now + lifetime);
}

task<result<bool>> shared_state_memory::hold(std::string key, std::string owner, std::string value, duration lifetime) {
  const time_point now = now_();
  holding wanted{.owner = std::move(owner), .value = std::move(value)};
  co_return shard_of(key).hold(std::move(key), std::move(wanted), now, now + lifetime);
}

task<result<bool>> shared_state_memory::renew(std::string key, std::string owner, duration lifetime) {
  const time_point now = now_();
  co_return shard_of(key).change(key, owner, now, now + lifetime);
}

task<result<bool>> shared_state_memory::release(std::string key, std::string owner) {
  co_return shard_of(key).change(key, owner, now_(), std::nullopt);
}

task<result<std::optional<holding>>> shared_state_memory::find_holder(std::string key) {
  co_return shard_of(key).find_holder(key, now_());
}

task<result<void>> shared_state_memory::enlist(std::string group, member one, duration lifetime) {
  const time_point now = now_();
  co_return groups_.enlist(group, std::move(one), now, now + lifetime);
}

task<result<bool>> shared_state_memory::delist(std::string group, std::string name) {
  co_return groups_.delist(group, name, now_());
}

task<result<std::vector<member>>> shared_state_memory::list(std::string group) {
  co_return groups_.list(group, now_());
}

task<result<void>> shared_state_memory::publish(std::string topic, std::string text) {
  board_.announce(topic, text);
  co_return result<void>();
}

std::unique_ptr<subscription> shared_state_memory::subscribe(executor on, std::vector<std::string> topics) {
  return board_.subscribe(on, std::move(topics));
}

void shared_state_memory::sweep() {
  const time_point now = now_();
  for (const auto& one : shards_)
    one->sweep(now);
  groups_.sweep(now);
}

std::size_t shared_state_memory::size() const {
  std::size_t sum = 0;
  for (const auto& one : shards_)
    sum += one->size();
  return sum;
}

}  // namespace sluice::state
