// What the tests of identity share: a real database in a scratch folder, a clock that is moved by hand, cheap hashes.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "async/worker_pool.hpp"
#include "identity/identity.hpp"
#include "identity/module.hpp"
#include "identity/secrets.hpp"
#include "identity/user_store_sql.hpp"
#include "state/shared_state_memory.hpp"
#include "store/database_testing.hpp"

namespace sluice::identity {

/// This thread's event loop. It stays to the end of the process, for a database lets go of it some time after its
/// answer.
inline asio::io_context& own_loop() {
  static std::mutex lock;
  static std::vector<std::unique_ptr<asio::io_context>> all;
  thread_local asio::io_context* mine = nullptr;
  if (mine == nullptr) {
    const std::scoped_lock held(lock);
    mine = all.emplace_back(std::make_unique<asio::io_context>(1)).get();
  }
  return *mine;
}

/// Runs a coroutine to its end on this thread.
template <class T>
T run(task<T> work) {
  asio::io_context& loop = own_loop();
  auto ended = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.restart();
  loop.run();
  return ended.get();
}

inline const std::string good_password = "korrekt pferd 7 Batterie";

/// A clock that stands still until it is moved. Any thread.
class hand_clock {
 public:
  time_point now() const { return time_point(milliseconds(now_ms_.load())); }
  void advance(milliseconds by) { now_ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_ms_{1'800'000'000'000};
};

/// Buckets that never fill up again: what was charged stays charged until it is given back. Any thread.
class unforgiving_limiter final : public limits::limiter {
 public:
  task<result<limits::decision>> take(const limits::limit& by, std::string_view key, std::uint32_t cost) override {
    const std::scoped_lock lock(lock_);
    const std::uint32_t burst = std::get<limits::token_bucket_rule>(by.rule).burst;
    std::uint32_t& taken = taken_[by.name + ' ' + std::string(key)];
    limits::decision made{.allowed = taken + cost <= burst, .limit = burst};
    if (made.allowed) taken += cost;
    if (!made.allowed) made.retry_after = std::chrono::seconds(90);
    co_return made;
  }
  task<result<void>> give_back(const limits::limit& by, std::string_view key, const limits::decision&,
                               std::uint32_t cost) override {
    const std::scoped_lock lock(lock_);
    taken_[by.name + ' ' + std::string(key)] -= cost;
    co_return result<void>();
  }
  std::uint32_t sum(std::string_view limit_name) const {
    const std::scoped_lock lock(lock_);
    std::uint32_t total = 0;
    for (const auto& [key, taken] : taken_) {
      if (key.starts_with(limit_name)) total += taken;
    }
    return total;
  }

 private:
  mutable std::mutex lock_;
  std::map<std::string, std::uint32_t> taken_;
};

class counting_observer final : public observer {
 public:
  void on_sign_in(sign_in_outcome how, const origin&) override { ++sign_ins[static_cast<std::size_t>(how)]; }
  void on_registered(const user&, const origin&) override { ++registered; }
  void on_check(check_outcome how) override { ++checks[static_cast<std::size_t>(how)]; }
  void on_reuse(const std::string&, const origin&) override { ++reused; }
  int count(sign_in_outcome how) const { return sign_ins[static_cast<std::size_t>(how)]; }
  int count(check_outcome how) const { return checks[static_cast<std::size_t>(how)]; }

  std::array<std::atomic<int>, 4> sign_ins{};
  std::array<std::atomic<int>, 4> checks{};
  std::atomic<int> registered{0};
  std::atomic<int> reused{0};
};

inline settings quick_settings() {
  settings told;
  told.hashing.cost = {.memory_kib = 64, .passes = 1, .lanes = 1};
  return told;
}

/// Tables as the program makes them.
inline std::unique_ptr<administration> must_open_accounts(store::database& database, const settings& told) {
  auto opened = open_administration(database, told);
  if (!opened) throw std::runtime_error(opened.error().message + opened.error().detail);
  return std::move(*opened);
}

/// How the tests hold identity: the object itself, or a client of the wire. The same tests run with either.
class way {
 public:
  virtual ~way() = default;
  virtual service& face() = 0;
  virtual user_administration& accounts() = 0;
  /// Returns when what was written beside identity has been heard of.
  virtual void hear() = 0;
};
/// Defined by identity_way_testing.cpp and rpc_way_testing.cpp; a test program has one of them.
std::unique_ptr<way> make_way(identity& rules, user_store& store, const clock& now);
/// Whether questions may be answered elsewhere than by the object.
bool is_over_the_wire();

/// Identity over a new database, and what a client of it does in a line.
class world {
 public:
  explicit world(settings told = quick_settings())
      : told_(std::move(told)),
        database(store::must_open(scratch / "identity.db")),
        accounts(must_open_accounts(*database, told_)),
        store(*database),
        rules(store, limiter, state, told_, [this] { return time.now(); }, observed) {
    must(run(rules.start()));
    held = make_way(rules, store, [this] { return time.now(); });
    face = &held->face();
  }

  template <class T>
  static T must(result<T> got) {
    if (!got) throw std::runtime_error(got.error().message + " (" + got.error().detail + ")");
    if constexpr (!std::is_void_v<T>) return std::move(*got);
  }
  result<user> add(const std::string& name, const std::string& password = good_password) {
    return run(face->register_user({.username = name, .password = secret_string(password)}, {.address = "192.0.2.1"}));
  }
  result<tokens> log_in(const std::string& name, const std::string& password = good_password,
                        const std::string& address = "192.0.2.1") {
    return run(face->log_in({.username = name, .password = secret_string(password)}, {.address = address}));
  }
  result<tokens> refresh(const secret_string& token) { return run(face->refresh(token, {})); }
  result<identified> identify(const secret_string& credential) { return run(face->identify(credential)); }
  void hear_revocations() { held->hear(); }

 private:
  settings told_;

 public:
  store::scratch_directory scratch;
  hand_clock time;
  std::unique_ptr<store::database> database;
  std::unique_ptr<administration> accounts;
  unforgiving_limiter limiter;
  state::shared_state_memory state;
  counting_observer observed;
  user_store_sql store;
  identity rules;
  std::unique_ptr<way> held;
  service* face = nullptr;
};

template <class T>
error_reason reason_of(const result<T>& refused) {
  return refused ? error_reason::not_implemented : refused.error().reason;
}

}  // namespace sluice::identity
