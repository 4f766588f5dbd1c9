#include "door/request_limits.hpp"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/quantities.hpp"
#include "door/principal.hpp"
#include "telemetry/names.hpp"

namespace sluice::door {
namespace {

std::string_view bytes_of(const http::client_key& client) {
  return {reinterpret_cast<const char*>(client.data()), client.size()};
}

// Whose count it is; nothing if the limit does not concern them.
std::optional<std::string_view> key_of(limit_subject by, const http::client_key& client, const principal* who) {
  switch (by) {
    case limit_subject::key:
      if (who->key_id.empty()) return std::nullopt;
      return who->key_id;
    case limit_subject::user:
      return who->user_id;
    case limit_subject::address:
      return bytes_of(client);
    case limit_subject::global:
      return std::string_view();
  }
  return std::nullopt;
}

std::string in_words(const limits::limit& what) {
  if (const auto* const bucket = std::get_if<limits::token_bucket_rule>(&what.rule))
    return fmt::format("{} at once and {} a second", bucket->burst, bucket->rate);
  const auto& window = std::get<limits::sliding_window_rule>(what.rule);
  return fmt::format("{} in {}", window.limit, format_duration(window.per));
}

error refusal_of(const standing& how) {
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(how.made.retry_after);
  error refused{.reason = error_reason::rate_limited,
                .message = fmt::format("too many requests: the limit \"{}\" allows {}; try again in {}",
                                       how.under->what.name, in_words(how.under->what), format_duration(wait))};
  refused.retry_after = wait;
  return refused;
}

void add_to(limit_scope& scope, const request_limit& one) {
  const bool is_personal = one.by == limit_subject::key || one.by == limit_subject::user;
  (is_personal ? scope.personal : scope.anonymous).push_back(&one);
}

// The narrowest first: a flood of one client is refused before it touches what others share.
void order(limit_scope& scope) {
  const auto rank = [](const request_limit* one) { return std::tuple(one->by, one); };
  std::ranges::sort(scope.personal, {}, rank);
  std::ranges::sort(scope.anonymous, {}, rank);
}

}  // namespace

request_limits::request_limits(const std::vector<request_limit>& told, limits::limiter& counts,
                               telemetry::metric_registry& metrics)
    : told_(told), counts_(counts), refusals_(metrics.make_counters(telemetry::names::limit_refusals, {"limit"})) {
  for (const request_limit& one : told_) {
    if (one.counts_chats) add_to(of_chats_, one);
  }
  order(of_chats_);
}

bool request_limits::fits(const request_limit& one, std::string_view method, std::string_view pattern) {
  if (one.counts_chats) return false;
  // HEAD is answered by GET.
  if (!one.method.empty() && one.method != method && !(one.method == "HEAD" && method == "GET")) return false;
  const std::string_view path = one.path;
  return path.empty() || path == pattern ||
         (path.ends_with('*') && pattern.starts_with(path.substr(0, path.size() - 1)));
}

limit_scope request_limits::of_route(std::string_view method, std::string_view pattern, bool begins_chat) const {
  limit_scope scope;
  for (const request_limit& one : told_) {
    if (one.counts_chats ? begins_chat : fits(one, method, pattern)) add_to(scope, one);
  }
  order(scope);
  return scope;
}

task<result<void>> request_limits::charge_chat(http::client_key client, const principal& who) const {
  if (of_chats_.empty()) co_return result<void>();
  request_charge charge(*this, of_chats_, client);
  if (auto allowed = co_await charge.take_personal(who); !allowed) co_return allowed;
  co_return co_await charge.take_anonymous();
}

task<result<void>> request_charge::take(std::span<const request_limit* const> all, const principal* who) {
  for (const request_limit* const under : all) {
    const auto key = key_of(under->by, client_, who);
    if (!key) continue;
    auto made = co_await limits_.counts_.take(under->what, *key);
    if (made && made->allowed) {
      taken_.push_back({.how = {.under = under, .made = *made}, .key = *key});
      continue;
    }
    co_await give_back_all();
    if (!made) co_return std::unexpected(std::move(made.error()));
    refused_ = {.under = under, .made = *made};
    limits_.refusals_.at({under->what.name}).add();
    co_return std::unexpected(refusal_of(refused_));
  }
  co_return result<void>();
}

task<> request_charge::give_back_all() {
  for (const paid& one : taken_)
    co_await limits_.counts_.give_back(one.how.under->what, one.key, one.how.made);
  taken_.clear();
}

const standing* request_charge::tightest() const {
  if (refused_.under != nullptr) return &refused_;
  const auto least = std::ranges::min_element(
      taken_, {}, [](const paid& one) { return std::tuple(one.how.made.remaining, -one.how.made.reset); });
  return least == taken_.end() ? nullptr : &least->how;
}

}  // namespace sluice::door
