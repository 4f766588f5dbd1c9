#include "door/limited_route.hpp"

#include <fmt/format.h>

#include "base/timestamp.hpp"
#include "door/credentials.hpp"

namespace sluice::door {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct limited {
  http::handler inner;
  const request_limits& limits;
  limit_scope scope;
  const admission& door;
  limit_face face;
};

// As OpenAI writes it: "120ms", "1.5s", "6m0s", "1h2m3s".
std::string go_duration(nanoseconds duration) {
  const auto all = std::chrono::ceil<milliseconds>(duration).count();
  if (all == 0) return "0s";
  if (all < 1000) return fmt::format("{}ms", all);
  const auto minutes = all / 60'000;
  const std::string rest = fmt::format("{}s", static_cast<double>(all % 60'000) / 1000);
  if (minutes == 0) return rest;
  return minutes < 60 ? fmt::format("{}m{}", minutes, rest) : fmt::format("{}h{}m{}", minutes / 60, minutes % 60, rest);
}

// How long an unused limit takes to fill.
nanoseconds window_of(const limits::limit& what) {
  if (const auto* const bucket = std::get_if<limits::token_bucket_rule>(&what.rule))
    return nanoseconds(static_cast<std::int64_t>(1e9 * bucket->burst / bucket->rate));
  return std::get<limits::sliding_window_rule>(what.rule).per;
}

void tell(http::exchange& with, limit_face face, const request_charge& charge) {
  if (const standing* const how = charge.tightest()) append_standing(with.answer_headers(), face, *how);
}

task<> handle_limited(const limited& at, http::exchange& with) {
  {
    std::shared_ptr<const principal> who;
    request_charge charge(at.limits, at.scope, http::client_key_of(with.request().client_address));
    auto allowed = co_await charge.take_anonymous();
    if (allowed && !at.scope.personal.empty()) {
      who = (co_await at.door.authenticate(find_credential(with.request()))).value_or(nullptr);
      if (who) allowed = co_await charge.take_personal(*who);
    }
    if (!allowed) co_return co_await refuse_limited(with, at.face, charge, std::move(allowed.error()));
    tell(with, at.face, charge);
  }
  co_await at.inner(with);
}

}  // namespace

task<> refuse_limited(http::exchange& with, limit_face face, const request_charge& charge, error problem) {
  tell(with, face, charge);
  // OpenAI's SDKs read this one first, for it is finer.
  if (problem.retry_after && face == limit_face::openai)
    with.answer_headers().add("retry-after-ms", fmt::to_string(problem.retry_after->count()));
  co_await with.respond_error(std::move(problem));
}

http::route limit_route(http::route at, const request_limits& limits, const admission& door, limit_face face,
                        bool begins_chat) {
  limit_scope scope = limits.of_route(at.method, at.pattern, begins_chat);
  if (scope.empty()) return at;
  const auto with_limits = std::make_shared<const limited>(
      limited{.inner = std::move(at.handle), .limits = limits, .scope = std::move(scope), .door = door, .face = face});
  at.handle = [with_limits](http::exchange& with) { return handle_limited(*with_limits, with); };
  return at;
}

void append_standing(http::header_fields& headers, limit_face face, const standing& how) {
  const limits::decision& made = how.made;
  if (face == limit_face::openai) {
    headers.add("x-ratelimit-limit-requests", fmt::to_string(made.limit));
    headers.add("x-ratelimit-remaining-requests", fmt::to_string(made.remaining));
    headers.add("x-ratelimit-reset-requests", go_duration(made.reset));
    return;
  }
  if (face == limit_face::anthropic) {
    const auto full_at = std::chrono::system_clock::now() + std::chrono::ceil<seconds>(made.reset);
    headers.add("anthropic-ratelimit-requests-limit", fmt::to_string(made.limit));
    headers.add("anthropic-ratelimit-requests-remaining", fmt::to_string(made.remaining));
    headers.add("anthropic-ratelimit-requests-reset", format_timestamp(full_at));
    return;
  }
  const limits::limit& what = how.under->what;
  const nanoseconds wait = made.allowed ? made.reset : made.retry_after;
  headers.add("RateLimit-Policy", fmt::format("\"{}\";q={};w={}", what.name, made.limit,
                                              std::chrono::ceil<seconds>(window_of(what)).count()));
  headers.add("RateLimit",
              fmt::format("\"{}\";r={};t={}", what.name, made.remaining, std::chrono::ceil<seconds>(wait).count()));
}

}  // namespace sluice::door
