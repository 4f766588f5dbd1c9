#include "limits/limiter_redis.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/digest.hpp"
#include "limits/limiter_redis_scripts.hpp"
#include "limits/token_bucket.hpp"

namespace sluice::limits {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

// Enough to tell any two keys apart.
constexpr std::size_t digits_kept = 32;

void append_time(std::vector<std::string>& to, nanoseconds time) {
  const auto whole = std::chrono::floor<seconds>(time);
  to.push_back(std::to_string(whole.count()));
  to.push_back(std::to_string((time - whole).count()));
}

// The numbers of a script's answer.
result<std::vector<std::int64_t>> read_numbers(const result<state::redis_reply>& reply, std::size_t count) {
  if (!reply) return std::unexpected(reply.error());
  std::vector<std::int64_t> numbers;
  for (const state::redis_reply& one : reply->items) {
    if (one.is == state::redis_reply::kind::integer) numbers.push_back(one.number);
  }
  if (numbers.size() == count) return numbers;
  error wrong{.reason = error_reason::internal, .message = "something went wrong here"};
  wrong.detail = "Redis' answer to a limit's script is not what the script returns";
  return std::unexpected(std::move(wrong));
}

}  // namespace

limiter_redis::limiter_redis(std::shared_ptr<state::redis_client> asked, clock now)
    : redis_(std::move(asked)), now_(std::move(now)) {}

// "sluice:bucket:login:{…}": of the key a hash, so that no address is kept there and no stranger chooses how long a key
// is. The braces put all keys of one principal into one slot of a Cluster.
limiter_redis::words limiter_redis::keys_of(const limit& by, std::string_view key) const {
  const std::string& prefix = redis_->told().prefix;
  const std::string whose = sha256_hex(key).substr(0, digits_kept);
  const auto name = [&](std::string_view kind) { return fmt::format("{}{}:{}:{{{}}}", prefix, kind, by.name, whose); };
  if (std::holds_alternative<token_bucket_rule>(by.rule)) return {name("bucket")};
  return {name("window-times"), name("window-counts")};
}

void limiter_redis::tell_time(words& arguments) const {
  if (!now_) return;
  const microseconds now = now_();
  const auto whole = std::chrono::floor<seconds>(now);
  arguments.push_back(std::to_string(whole.count()));
  arguments.push_back(std::to_string((now - whole).count()));
}

task<result<decision>> limiter_redis::take(const limit& by, std::string_view key, std::uint32_t cost) {
  words keys = keys_of(by, key);
  if (const auto* const bucket = std::get_if<token_bucket_rule>(&by.rule))
    co_return co_await take_tokens(*bucket, std::move(keys), cost);
  co_return co_await take_room(std::get<sliding_window_rule>(by.rule), std::move(keys), cost);
}

task<result<decision>> limiter_redis::take_tokens(token_bucket_rule rule, words keys, std::uint32_t cost) {
  words arguments;
  append_time(arguments, token_bucket::price_of(rule, cost));
  append_time(arguments, token_bucket::price_of(rule, rule.burst));
  arguments.emplace_back(cost <= rule.burst ? "1" : "0");
  tell_time(arguments);
  const auto reply = co_await redis_->run(scripts::take_tokens, std::move(keys), std::move(arguments));
  const auto numbers = read_numbers(reply, 3);
  if (!numbers) co_return std::unexpected(numbers.error());
  const decision made = token_bucket::decide(rule, seconds((*numbers)[1]) + nanoseconds((*numbers)[2]), cost);
  co_return made;
}

task<result<decision>> limiter_redis::take_room(sliding_window_rule rule, words keys, std::uint32_t cost) {
  words arguments = {std::to_string(rule.per.count()), std::to_string(rule.limit), std::to_string(cost)};
  tell_time(arguments);
  const auto reply = co_await redis_->run(scripts::take_room, std::move(keys), std::move(arguments));
  const auto numbers = read_numbers(reply, 5);
  if (!numbers) co_return std::unexpected(numbers.error());
  const std::int64_t sum = (*numbers)[1];
  const milliseconds newest((*numbers)[2]);
  const milliseconds room((*numbers)[3]);
  const microseconds now((*numbers)[4]);
  const auto until = [&](milliseconds end) {
    return std::max(nanoseconds(end + rule.per) - nanoseconds(now), nanoseconds(0));
  };
  decision made{.allowed = (*numbers)[0] == 1, .limit = rule.limit};
  made.remaining = rule.limit - static_cast<std::uint32_t>(std::clamp<std::int64_t>(sum, 0, rule.limit));
  if (newest.count() != 0) made.reset = until(newest);
  if (made.allowed)
    made.receipt = newest.count();
  else
    made.retry_after = until(room);
  co_return made;
}

task<result<void>> limiter_redis::give_back(const limit& by, std::string_view key, const decision& taken,
                                            std::uint32_t cost) {
  words keys = keys_of(by, key);
  words arguments;
  const bool is_bucket = keys.size() == 1;
  if (is_bucket) {
    append_time(arguments, nanoseconds(taken.receipt));
    tell_time(arguments);
  } else {
    arguments = {std::to_string(taken.receipt), std::to_string(cost)};
  }
  const auto& script = is_bucket ? scripts::give_back_tokens : scripts::give_back_room;
  const auto reply = co_await redis_->run(script, std::move(keys), std::move(arguments));
  if (!reply) co_return std::unexpected(reply.error());
  co_return result<void>();
}

}  // namespace sluice::limits
