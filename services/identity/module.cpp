#include "identity/module.hpp"

#include <exception>

#include <boost/asio/use_future.hpp>

#include "async/task_group.hpp"
#include "identity/identity.hpp"
#include "identity/secrets.hpp"
#include "identity/user_store_sql.hpp"
#include "telemetry/names.hpp"

namespace sluice::embedded {
extern const std::span<const store::migration> identity_migrations;
}

namespace sluice::identity {
namespace {

using steady = std::chrono::steady_clock;

constexpr std::string_view first_admin_name = "admin";
constexpr std::chrono::seconds key_uses_interval{10};
constexpr std::chrono::minutes signing_keys_interval{1};
constexpr std::chrono::hours sweep_interval{1};
constexpr std::chrono::seconds quiet_interval{30};  // between log lines about the same trouble

std::string_view to_string(sign_in_outcome how) {
  switch (how) {
    case sign_in_outcome::good:
      return "good";
    case sign_in_outcome::wrong:
      return "wrong";
    case sign_in_outcome::throttled:
      return "throttled";
    case sign_in_outcome::unavailable:
      return "unavailable";
  }
  return "unavailable";
}

std::string_view to_string(check_outcome how) {
  switch (how) {
    case check_outcome::remembered:
      return "remembered";
    case check_outcome::verified:
      return "verified";
    case check_outcome::refused:
      return "refused";
    case check_outcome::unavailable:
      return "unavailable";
  }
  return "unavailable";
}

// Counts and logs for identity.
class watch final : public observer {
 public:
  watch(telemetry::metric_registry& metrics, const telemetry::logger& log)
      : sign_ins_(metrics.make_counters(telemetry::names::sign_ins, {"outcome"})),
        checks_(metrics.make_counters(telemetry::names::credential_checks, {"outcome"})),
        log_(log) {}

  void on_sign_in(sign_in_outcome how, const origin& from) override {
    sign_ins_.at({to_string(how)}).add();
    if (how == sign_in_outcome::good) return;
    const auto left_out = failures_.admit();
    if (!left_out) return;
    log_.info("a sign-in failed", {{"outcome", to_string(how)},
                                   {"address", from.address},
                                   {telemetry::names::request_id, from.request_id},
                                   {"left_out", *left_out}});
  }
  void on_registered(const user& who, const origin& from) override {
    log_.info("a user has registered", {{telemetry::names::user_id, who.id},
                                        {"address", from.address},
                                        {telemetry::names::request_id, from.request_id}});
  }
  void on_check(check_outcome how) override { checks_.at({to_string(how)}).add(); }
  void on_reuse(const std::string& session_id, const origin& from) override {
    log_.warning(
        "a refresh token was used again, so its session has been ended",
        {{"session_id", session_id}, {"address", from.address}, {telemetry::names::request_id, from.request_id}});
  }

 private:
  telemetry::family<telemetry::counter>& sign_ins_;
  telemetry::family<telemetry::counter>& checks_;
  telemetry::log_limit failures_{std::chrono::seconds(1)};
  telemetry::logger log_;
};

}  // namespace

struct module::parts {
  parts(async::worker_pool& on_workers, store::database& in, limits::limiter& limiter, state::shared_state& state,
        settings with, telemetry::metric_registry& metrics, const telemetry::logger& to)
      : workers(on_workers),
        database(in),
        told(std::move(with)),
        log(to),
        watcher(metrics, to),
        store(in),
        rules(store, limiter, state, told, &std::chrono::system_clock::now, watcher),
        house(workers[0].get_executor(), [this](const std::exception_ptr& why) { report_broken(why); }) {}

  // When what is due next.
  struct schedule {
    steady::time_point uses;
    steady::time_point keys;
    steady::time_point sweep;
  };
  task<> keep_house();
  task<> keep_house_once(schedule& next);
  void report(std::string_view what, const result<void>& done);
  void report_broken(const std::exception_ptr& why);

  async::worker_pool& workers;
  store::database& database;
  settings told;
  telemetry::logger log;
  telemetry::log_limit troubles{quiet_interval};
  telemetry::log_limit breakages{quiet_interval};
  watch watcher;
  user_store_sql store;
  identity rules;
  async::task_group house;
};

void module::parts::report(std::string_view what, const result<void>& done) {
  if (done) return;
  if (const auto left_out = troubles.admit()) {
    log.warning(what, {{"problem", done.error().message}, {"detail", done.error().detail}, {"left_out", *left_out}});
  }
}

void module::parts::report_broken(const std::exception_ptr& why) {
  if (const auto left_out = breakages.admit()) {
    log.error("identity's housekeeping broke", {{"problem", message_of(why)}, {"left_out", *left_out}});
  }
}

// What breaks in one round is tried again in the next: a server that no longer hears of revocations is worse than one
// that says so every second.
task<> module::parts::keep_house() {
  schedule next{
      .uses = steady::now() + key_uses_interval, .keys = steady::now() + signing_keys_interval, .sweep = steady::now()};
  for (;;) {
    co_await rules.revocations().wait(told.revocation_poll, told.revocation_poll_followed);
    try {
      co_await keep_house_once(next);
    } catch (const boost::system::system_error& problem) {
      if (problem.code() == asio::error::operation_aborted) throw;
      report_broken(std::current_exception());
    } catch (const std::exception&) {
      report_broken(std::current_exception());
    }
  }
}

task<> module::parts::keep_house_once(schedule& next) {
  report("revocations cannot be read", co_await rules.revocations().look());
  const auto now = steady::now();
  if (now >= next.uses) {
    next.uses = now + key_uses_interval;
    report("uses of API keys cannot be written", co_await rules.write_key_uses());
  }
  if (now >= next.keys) {
    next.keys = now + signing_keys_interval;
    report("signing keys cannot be renewed", co_await rules.renew_signing_keys());
  }
  if (now >= next.sweep) {
    next.sweep = now + sweep_interval;
    report("what has run out cannot be deleted", co_await rules.sweep());
  }
}

result<std::unique_ptr<administration>> open_administration(store::database& database, const settings& told) {
  if (auto migrated = database.migrate("identity", embedded::identity_migrations); !migrated) {
    return std::unexpected(std::move(migrated.error()));
  }
  return std::make_unique<administration>(std::make_unique<user_store_sql>(database), told.hashing,
                                          told.keys_per_user_max, &std::chrono::system_clock::now);
}

module::module(async::worker_pool& workers, store::database& database, limits::limiter& limiter,
               state::shared_state& state, settings told, telemetry::metric_registry& metrics,
               const telemetry::logger& log) :parts_(std::make_unique<parts>(workers, database, limiter, state,
                                                                             std::move(told), metrics, log)) {}

module::~module() = default;

result<std::optional<first_admin>> module::prepare() {
  auto accounts = open_administration(parts_->database, parts_->told);
  if (!accounts) return std::unexpected(std::move(accounts.error()));
  if (auto started = parts_->workers.run_first(parts_->rules.start()); !started)
    return std::unexpected(std::move(started.error()));
  const auto some = parts_->workers.run_first(parts_->store.has_admin());
  if (!some) return std::unexpected(some.error());
  if (*some) return std::optional<first_admin>();

  first_admin made{.username = std::string(first_admin_name), .password = make_password()};
  const auto added = parts_->workers.run_first((*accounts)->add_user(made.username, made.password, role::admin));
  if (added) return std::optional(std::move(made));
  // Somebody gave the name to a user before the first start: who may do that can make an admin.
  if (added.error().reason == error_reason::conflict) return std::optional<first_admin>();
  return std::unexpected(added.error());
}

service& module::face() {
  return parts_->rules;
}

user_administration& module::administration() {
  return parts_->rules.accounts();
}

identity& module::rules() {
  return parts_->rules;
}

void module::begin() {
  parts_->house.spawn(parts_->keep_house());
}

task<> module::stop() {
  parts_->house.cancel();
  co_await parts_->house.join();
  parts_->report("uses of API keys cannot be written", co_await parts_->rules.write_key_uses());
}

}  // namespace sluice::identity
