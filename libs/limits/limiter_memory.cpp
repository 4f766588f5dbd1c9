#include "limits/limiter_memory.hpp"

#include <algorithm>
#include <bit>
#include <mutex>
#include <string>
#include <unordered_map>

#include "limits/sliding_window.hpp"
#include "limits/token_bucket.hpp"

namespace sluice::limits {
namespace {

// How many slots of the table a new key's call looks at: always, so that the idle do not pile up, and to make room.
constexpr std::size_t slots_per_new_key = 4;
constexpr std::size_t slots_for_room = 256;

// Under which limit, and whose.
struct named_key {
  std::string_view limit;
  std::string_view key;
  std::size_t hash;
};
struct stored_key {
  std::string text;  // the limit's name and the key
  std::size_t limit_size;
  std::size_t hash;
  explicit stored_key(const named_key& from)
      : text(std::string(from.limit).append(from.key)), limit_size(from.limit.size()), hash(from.hash) {}
  named_key view() const {
    return {.limit = std::string_view(text).substr(0, limit_size),
            .key = std::string_view(text).substr(limit_size),
            .hash = hash};
  }
};
struct key_hash {
  using is_transparent = void;
  std::size_t operator()(const named_key& key) const { return key.hash; }
  std::size_t operator()(const stored_key& key) const { return key.hash; }
};
struct key_equal {
  using is_transparent = void;
  static named_key view(const named_key& key) { return key; }
  static named_key view(const stored_key& key) { return key.view(); }
  bool operator()(const auto& left, const auto& right) const {
    const named_key a = view(left);
    const named_key b = view(right);
    return a.hash == b.hash && a.key == b.key && a.limit == b.limit;
  }
};

struct counted {
  std::variant<token_bucket, sliding_window> state;
  std::chrono::nanoseconds idle_at{0};  // from then on it need not be kept
  bool is_spent = false;                // when last seen, nothing more was allowed

  template <class State, class Rule>
  decision take(const Rule& rule, std::chrono::nanoseconds now, std::uint32_t cost) {
    if (!std::holds_alternative<State>(state)) state.emplace<State>();  // the limit has been told otherwise
    State& mine = std::get<State>(state);
    const decision made = mine.take(rule, now, cost);
    idle_at = mine.idle_at(rule);
    is_spent = made.remaining == 0;
    return made;
  }
};

template <class... Function>
struct overloaded : Function... {
  using Function::operator()...;
};

}  // namespace

class limiter_memory::shard {
 public:
  explicit shard(std::size_t keys_max) : keys_max_(keys_max) {}

  result<decision> take(const limit& by, const named_key& key, const clock& clock, std::uint32_t cost) {
    const std::scoped_lock lock(mutex_);
    const nanoseconds now = clock();  // in here, so that for one key it never goes back
    auto found = keys_.find(key);
    if (found == keys_.end()) {
      if (!make_room(now)) return std::unexpected(no_room());
      found = keys_.emplace(stored_key(key), counted()).first;
    }
    counted& mine = found->second;
    return std::visit(overloaded{
                          [&](const token_bucket_rule& rule) { return mine.take<token_bucket>(rule, now, cost); },
                          [&](const sliding_window_rule& rule) { return mine.take<sliding_window>(rule, now, cost); },
                      },
                      by.rule);
  }

  void give_back(const limit& by, const named_key& key, const decision& taken, std::uint32_t cost) {
    const std::scoped_lock lock(mutex_);
    const auto found = keys_.find(key);
    if (found == keys_.end()) return;  // it was idle again and has been forgotten
    counted& mine = found->second;
    mine.is_spent = false;
    if (auto* const bucket = std::get_if<token_bucket>(&mine.state)) {
      if (const auto* const rule = std::get_if<token_bucket_rule>(&by.rule)) {
        bucket->give_back(taken);
        mine.idle_at = bucket->idle_at(*rule);
      }
    } else if (const auto* const rule = std::get_if<sliding_window_rule>(&by.rule)) {
      sliding_window& window = std::get<sliding_window>(mine.state);
      window.give_back(taken, cost);
      mine.idle_at = window.idle_at(*rule);
    }
  }

  std::size_t size() const {
    const std::scoped_lock lock(mutex_);
    return keys_.size();
  }

 private:
  using table = std::unordered_map<stored_key, counted, key_hash, key_equal>;

  static error no_room() {
    error full{.reason = error_reason::unavailable, .message = "this server has too many clients; try again later"};
    full.retry_after = std::chrono::seconds(1);
    full.detail = "no room for another key: all that are counted have reached their limits";
    return full;
  }

  // Looks at some slots, from where the last call ended: forgets who is idle, and if that is not enough one more.
  bool make_room(nanoseconds now) {
    std::optional<named_key> nearest;
    nanoseconds nearest_idle_at = nanoseconds::max();
    const std::size_t slots =
        std::min(keys_.size() < keys_max_ ? slots_per_new_key : slots_for_room, keys_.bucket_count());
    for (std::size_t i = 0; i < slots && (i < slots_per_new_key || keys_.size() >= keys_max_); ++i) {
      hand_ = (hand_ + 1) % keys_.bucket_count();
      for (auto one = keys_.begin(hand_); one != keys_.end(hand_);) {
        const auto here = one++;
        if (here->second.idle_at <= now) {
          keys_.erase(keys_.find(here->first));
        } else if (!here->second.is_spent && here->second.idle_at < nearest_idle_at) {
          nearest = here->first.view();
          nearest_idle_at = here->second.idle_at;
        }
      }
    }
    if (keys_.size() < keys_max_) return true;
    if (!nearest) return false;
    keys_.erase(keys_.find(*nearest));
    return true;
  }

  const std::size_t keys_max_;
  mutable std::mutex mutex_;
  table keys_;
  std::size_t hand_ = 0;  // the slot that was looked at last
};

limiter_memory::limiter_memory(limiter_memory_settings told, clock now) : now_(std::move(now)) {
  const std::size_t count = std::max<std::size_t>(told.shards, 1);
  const std::size_t each = std::max<std::size_t>(told.keys_max / count, 1);
  for (std::size_t i = 0; i < count; ++i)
    shards_.push_back(std::make_unique<shard>(each));
}

limiter_memory::~limiter_memory() = default;

struct limiter_memory::place {
  shard& where;
  named_key key;
};

limiter_memory::place limiter_memory::find_place(const limit& by, std::string_view key) const {
  const std::size_t hash = hash_(key) ^ std::rotl(hash_(by.name), 1);
  return {.where = *shards_[hash % shards_.size()], .key = {.limit = by.name, .key = key, .hash = hash}};
}

task<result<decision>> limiter_memory::take(const limit& by, std::string_view key, std::uint32_t cost) {
  const place at = find_place(by, key);
  co_return at.where.take(by, at.key, now_, cost);
}

task<result<void>> limiter_memory::give_back(const limit& by, std::string_view key, const decision& taken,
                                             std::uint32_t cost) {
  const place at = find_place(by, key);
  at.where.give_back(by, at.key, taken, cost);
  co_return result<void>();
}

std::size_t limiter_memory::size() const {
  std::size_t sum = 0;
  for (const auto& one : shards_)
    sum += one->size();
  return sum;
}

}  // namespace sluice::limits
