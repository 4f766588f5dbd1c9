#include "identity/rpc_follower.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/ids.hpp"
#include "identity/rpc_messages.hpp"

namespace sluice::identity {
namespace {

using steady = std::chrono::steady_clock;
using methods = rpc::methods<v1::Identity>;

constexpr milliseconds patience{10'000};    // of one question for revocations
constexpr milliseconds answer_time{5'000};  // on top of it
constexpr milliseconds pause_after_failure{300};
constexpr milliseconds catch_up_limit{2'000};

std::int64_t now_in_ms() {
  return std::chrono::duration_cast<milliseconds>(steady::now().time_since_epoch()).count();
}

verification read(const v1::Verification& message) {
  verification made{
      .told = {.issuer = message.issuer(),
               .audience = message.audience(),
               .leeway = std::chrono::duration_cast<std::chrono::seconds>(milliseconds(message.leeway_ms()))},
      .token_life = milliseconds(message.token_life_ms()),
      .keys = {},
      .revocations_after = message.revocations_after(),
      .newest_revocation = message.newest_revocation()};
  for (const v1::VerificationKey& each : message.keys())
    made.keys.push_back({.id = each.id(), .public_key = each.public_key()});
  return made;
}

}  // namespace

rpc_follower::rpc_follower(rpc::client<v1::Identity>& node, local_checks& checks, const rpc_client_settings& told,
                           const telemetry::logger& log)
    : node_(node), checks_(checks), told_(told), log_(log), name_(make_id("node")) {}

task<> rpc_follower::run() {
  steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    result<void> done = failure(error_reason::internal, "broken");
    try {
      done = co_await follow_once();
    } catch (const boost::system::system_error& problem) {
      if (problem.code() == asio::error::operation_aborted) throw;
      done.error().detail = problem.what();
    } catch (const std::exception& problem) {
      done.error().detail = problem.what();
    }
    if (done) continue;
    if (const auto left_out = troubles_.admit()) {
      log_.warning("identity cannot be followed: what it revokes from now on is known here once it can",
                   {{"problem", done.error().message}, {"detail", done.error().detail}, {"left_out", *left_out}});
    }
    timer.expires_after(pause_after_failure);
    co_await timer.async_wait(use_task);
  }
}

task<result<void>> rpc_follower::follow_once() {
  if (!checks_.complete() || steady::now() >= next_keys_) {
    if (auto learned = co_await learn_all(); !learned) co_return learned;
    next_keys_ = steady::now() + told_.keys_interval;
  }
  const std::uint64_t after = checks_.seen();
  const auto batch = co_await ask(after, patience, name_);
  if (!batch) co_return std::unexpected(batch.error());
  checks_.apply(after, *batch, told_.now());
  if (batch->last < after) {
    log_.warning("identity's revocations begin anew: its database was replaced",
                 {{"after", after}, {"last", batch->last}});
    checks_.lose_track();
  }
  co_return result<void>();
}

// The keys, and where it is not known already, all that was revoked and matters still.
task<result<void>> rpc_follower::learn_all() {
  const auto with = co_await fetch();
  if (!with) co_return std::unexpected(with.error());
  checks_.trust(*with);
  if (checks_.complete()) co_return result<void>();
  std::uint64_t known = with->revocations_after;
  while (known < with->newest_revocation) {
    const auto batch = co_await ask(known, answer_time);
    if (!batch) co_return std::unexpected(batch.error());
    if (batch->last <= known) co_return failure(error_reason::unavailable, "identity lags behind its database");
    if (!checks_.apply(known, *batch, told_.now()))
      co_return failure(error_reason::too_large, "more sessions were revoked than can be kept here");
    known = batch->last;
  }
  checks_.complete_at(known);
  co_return result<void>();
}

task<result<verification>> rpc_follower::fetch() {
  const auto answer = co_await node_.call(&methods::GetVerification, {}, {.deadline = answer_time});
  if (!answer) co_return std::unexpected(answer.error());
  co_return read(*answer);
}

task<bool> rpc_follower::fetch_unknown_key() {
  std::int64_t due = next_unknown_key_.load();
  const std::int64_t now = now_in_ms();
  if (now < due || !next_unknown_key_.compare_exchange_strong(due, now + told_.unknown_key_interval.count())) {
    co_return false;
  }
  const auto with = co_await fetch();
  if (with) checks_.trust(*with);
  co_return with.has_value();
}

task<> rpc_follower::catch_up() {
  const auto until = steady::now() + catch_up_limit;
  const auto with = co_await fetch();
  if (!with || !checks_.complete()) co_return;
  while (checks_.seen() < with->newest_revocation) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - steady::now());
    if (left <= left.zero()) co_return;
    if (!co_await follow(checks_.seen(), left)) co_return;
  }
}

task<result<revocation_batch>> rpc_follower::ask(std::uint64_t after, milliseconds limit, const std::string& follower) {
  v1::FollowRevocationsRequest request;
  request.set_after(after);
  request.set_patience_ms(limit.count());
  request.set_follower(follower);
  const auto answer =
      co_await node_.call(&methods::FollowRevocations, std::move(request), {.deadline = limit + answer_time});
  if (!answer) co_return std::unexpected(answer.error());
  co_return from_message(*answer);
}

task<result<revocation_batch>> rpc_follower::follow(std::uint64_t after, milliseconds limit) {
  auto batch = co_await ask(after, limit);
  if (batch) checks_.apply(after, *batch, told_.now());
  co_return batch;
}

}  // namespace sluice::identity
