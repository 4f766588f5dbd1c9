// What all nodes know together and may forget: keys with values, counters or leases, groups, announcements.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"

namespace sluice::state {

/// A lease as it stands: whose it is, and what they said of it.
struct holding {
  std::string owner;
  std::string value;
  bool operator==(const holding&) const = default;
};

struct member {
  std::string name;
  std::string value;
  bool operator==(const member&) const = default;
};

struct announcement {
  std::string topic;
  std::string text;
  /// Some may have been lost, of any topic: look at what is announced by them. There is no topic and no text then.
  bool missed = false;
  bool operator==(const announcement&) const = default;
};

/// Somebody who listens. Lives on one worker; to let go of it is to stop listening.
class subscription {
 public:
  virtual ~subscription() = default;
  /// The next one, in the order in which they were made. One caller at a time. Honours cancellation by throwing
  /// `operation_aborted`.
  virtual task<announcement> next() = 0;
};

/// Nothing in it is kept for good: every key ends at the latest when its time is over, counted from the call that made
/// it; times are at least a millisecond. A key holds a value, a counter or a lease; asking one kind for another is
/// `internal`, our bug. Keys are "purpose:name", such as "ticket:…"; what a stranger can choose the length of is hashed
/// before it becomes part of one. Keys of one name are kept in one place, whatever their purposes.
///
/// Any worker. Every method fails with `unavailable` where the state cannot be reached, or takes no more keys: the
/// caller decides whether it goes on without. Where the answer was lost on its way, what was asked may have been done
/// all the same.
class shared_state {
 public:
  using duration = std::chrono::milliseconds;
  virtual ~shared_state() = default;

  /// Sets the key, whether it was there or not; its time begins anew.
  virtual task<result<void>> put(std::string key, std::string value, duration lifetime) = 0;
  /// Sets the key unless it is there. Whether it was set: of all who ask at once, one hears true.
  virtual task<result<bool>> put_if_absent(std::string key, std::string value, duration lifetime) = 0;
  virtual task<result<std::optional<std::string>>> get(std::string key) = 0;
  /// Gets and removes in one step: of all who ask at once, one gets the value.
  virtual task<result<std::optional<std::string>>> take(std::string key) = 0;
  /// Forgets the key, of any kind. Whether it was there.
  virtual task<result<bool>> remove(std::string key) = 0;
  /// The time of the key, of any kind, begins anew. Whether it was there.
  virtual task<result<bool>> extend(std::string key, duration lifetime) = 0;

  /// Adds to the counter, which begins at 0, and returns the sum, which stops at the ends of its type. Its time begins
  /// when it begins and is not prolonged. An `amount` of 0 only looks, and makes nothing.
  virtual task<result<std::int64_t>> add(std::string key, std::int64_t amount, duration lifetime) = 0;

  /// Takes the lease, or says something new of one's own; its time begins anew. Whether it is the owner's now: of all
  /// owners who ask at once, one hears true.
  virtual task<result<bool>> hold(std::string key, std::string owner, std::string value, duration lifetime) = 0;
  /// Prolongs the lease if it is the owner's still. False: it has ended, or is somebody else's by now.
  virtual task<result<bool>> renew(std::string key, std::string owner, duration lifetime) = 0;
  /// Ends the lease if it is the owner's. Whether it was.
  virtual task<result<bool>> release(std::string key, std::string owner) = 0;
  virtual task<result<std::optional<holding>>> find_holder(std::string key) = 0;

  /// Groups, of members that each end by their own time. `enlist` sets a member, whether it was there or not.
  /// Groups have names of their own, apart from keys, and at most `group_members_max` members: past it, `unavailable`.
  virtual task<result<void>> enlist(std::string group, member one, duration lifetime) = 0;
  /// Whether it was there.
  virtual task<result<bool>> delist(std::string group, std::string name) = 0;
  /// By name.
  virtual task<result<std::vector<member>>> list(std::string group) = 0;
  static constexpr std::size_t group_members_max = 10'000;

  /// Tells all who listen at this moment, on every node, this one too. Meant for short notices ("this is no longer
  /// so"): who is away misses them, and hears that it did.
  virtual task<result<void>> publish(std::string topic, std::string text) = 0;
  /// Listens from now on. `on` is the worker on which it is used.
  virtual std::unique_ptr<subscription> subscribe(executor on, std::vector<std::string> topics) = 0;
};

}  // namespace sluice::state
