#include "app/roles.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "app/exit_codes.hpp"
#include "app/listener.hpp"
#include "app/node.hpp"
#include "app/presence.hpp"
#include "app/role.hpp"
#include "app/version.hpp"
#include "app/wiring.hpp"
#include "base/ids.hpp"

namespace sluice::app {
namespace {

// How long what traces are left may take to leave; an export that is under way then has its own limit.
constexpr milliseconds last_spans{3000};

// Between two looks whether what a role waits for is there.
constexpr milliseconds retry_interval{2000};
// So that who is told `ready` finds it so on /readyz, unless what is needed does not answer.
constexpr milliseconds first_look_limit{500};

int exit_code_of(const error& problem) {
  return problem.reason == error_reason::invalid_argument ? exit_configuration : exit_unavailable;
}

result<std::unique_ptr<role>> make_role(node& on) {
  switch (on.role) {
    case role_name::serve:
      return make_serve_role(on);
    case role_name::gateway:
      return make_gateway_role(on);
    case role_name::identity:
      return make_identity_role(on);
    case role_name::agent:
      return make_agent_role(on);
    case role_name::admin:
      return make_admin_role(on);
  }
  return failure(error_reason::internal, "no such role");
}

// From nothing to `ready`, and down again.
class life {
 public:
  life(role_name which, const loaded_settings& loaded, std::ostream& out, std::ostream& err)
      : out_(out), err_(err), on_(which, loaded, err), seen_(on_.workers, *on_.state, on_.log) {}

  int run() {
    on_.workers.start();
    if (auto open = open_internal(); !open) return refuse(open.error());
    const int code = bring_up_and_wait();
    on_.readiness.stop();
    seen_.end();
    if (role_) role_->take_down(grace_);
    if (internal_) internal_->stop(milliseconds(0));
    on_.workers.stop();
    on_.traces.stop(last_spans);
    if (code == exit_fine) on_.log.info("stopped");
    return code;
  }

 private:
  int refuse(const error& why) {
    err_ << "sluice: " + why.message + '\n';  // in one piece: the log writes there as well
    return exit_code_of(why);
  }

  // Others are at work on it, and whoever supervises this node would only start it again: a database that is away, or
  // has the schema of another version.
  static bool may_pass(const error& why) {
    return why.reason == error_reason::unavailable || why.reason == error_reason::conflict;
  }

  // First of all, so that whoever waits for this node can ask what it waits for.
  result<void> open_internal() {
    const auto told = make_internal_server_settings(on_.told);
    if (!told) return failure(error_reason::invalid_argument, told.error());
    if (!*told) return {};
    internal_.emplace(on_.workers, on_.buffers, **told, on_.internal_routes(), on_.hooks);
    return internal_->start();
  }

  int bring_up_and_wait() {
    for (std::string last;;) {
      auto up = bring_up();
      if (up) break;
      const error& why = up.error();
      if (on_.role == role_name::serve || !may_pass(why)) return refuse(why);
      if (why.message != last) on_.log.warning("waiting for what is missing", {{"problem", why.message}});
      last = why.message;
      on_.readiness.say_not_serving("starting: " + why.message);
      if (on_.stop.wait_for(retry_interval)) return exit_fine;
    }
    if (auto started = role_->start(); !started) return refuse(started.error());
    on_.readiness.await_first_look(first_look_limit);
    say_ready();
    on_.stop.wait();
    grace_ = on_.told.server.timeouts.drain;
    on_.log.info("stopping", {{"drain_ms", grace_}});
    on_.readiness.say_not_serving("draining");
    return exit_fine;
  }

  result<void> bring_up() {
    if (!role_) {
      auto made = make_role(on_);
      if (!made) return std::unexpected(std::move(made.error()));
      role_ = std::move(*made);
    }
    if (auto prepared = role_->prepare(); !prepared) return prepared;
    auto needs = role_->needs();
    std::ranges::move(on_.needs(), std::back_inserter(needs));
    on_.readiness.begin(std::move(needs));
    return {};
  }

  void say_ready() {
    const std::string address = role_->address();
    on_.readiness.say_serving();
    seen_.begin({.id = make_id("node"),
                 .role = std::string(to_string(on_.role)),
                 .address = address,
                 .version = std::string(version),
                 .started_at = std::chrono::system_clock::now()},
                [served = role_.get()] { return served->counts(); });
    on_.log.info("ready", {{"address", address}, {"workers", on_.workers.size()}, {"version", version}});
    out_ << "ready " << address << std::endl;
    if (internal_) out_ << "ready " << internal_->address() << std::endl;
  }

  std::ostream& out_;
  std::ostream& err_;
  node on_;
  presence seen_;
  std::optional<listener> internal_;
  std::unique_ptr<role> role_;
  milliseconds grace_{0};  // what is running when the end comes is given so long
};

}  // namespace

int run_role(role_name which, const loaded_settings& loaded, std::ostream& out, std::ostream& err) {
  std::signal(SIGPIPE, SIG_IGN);
  if (which == role_name::serve) return life(which, loaded, out, err).run();
  loaded_settings patient = loaded;
  patient.told.database.start_timeout = milliseconds(0);  // it waits here, and says so
  return life(which, patient, out, err).run();
}

}  // namespace sluice::app
