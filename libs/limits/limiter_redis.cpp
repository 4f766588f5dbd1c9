#include "limits/limiter_redis.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/digest.hpp"

namespace sluice::limits {
namespace {

using std::chrono::nanoseconds;

// What `token_bucket` does. Kept is when the bucket is full again, as microseconds of Redis' clock and the nanoseconds
// beyond: nanoseconds since 1970 are more than Lua's numbers can tell apart.
// ARGV: a token's nanoseconds, burst, cost. Answer: allowed, remaining, reset, retry_after, receipt (nanoseconds).
const state::redis_script take_token(R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local each, burst, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local depth, price = each * burst, each * math.min(cost, burst)
local kept = redis.call('HMGET', KEYS[1], 'us', 'ns')
local owed = 0
if kept[1] then owed = math.min(math.max((kept[1] - now) * 1000 + kept[2], 0), depth) end
local allowed, retry, receipt = 0, 0, 0
if cost <= burst and owed + price <= depth then
  allowed, receipt, owed = 1, price, owed + price
  local us = math.floor(owed / 1000)
  redis.call('HSET', KEYS[1], 'us', string.format('%.0f', now + us), 'ns', string.format('%.0f', owed - us * 1000))
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.floor(owed / 1000000) + 1))
elseif cost <= burst then
  retry = owed + price - depth
else
  retry = owed
end
return {allowed, math.floor((depth - owed) / each), owed, retry, receipt})");

// ARGV: the receipt.
const state::redis_script give_back_token(R"(
local kept = redis.call('HMGET', KEYS[1], 'us', 'ns')
if not kept[1] then return 0 end
local ns = kept[2] - ARGV[1]
local us = math.floor(ns / 1000)
redis.call('HSET', KEYS[1], 'us', string.format('%.0f', kept[1] + us), 'ns', string.format('%.0f', ns - us * 1000))
return 1)");

// What `sliding_window` does. Kept is, for each millisecond, how many were allowed, and in a sorted set which
// milliseconds those are. ARGV: limit, milliseconds of the window, cost. Answer as above, the receipt a millisecond.
const state::redis_script take_place(R"(
local time = redis.call('TIME')
local us = time[1] * 1000000 + time[2]
local floor, at = math.floor(us / 1000), math.ceil(us / 1000)
local limit, per, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local sum = tonumber(redis.call('HGET', KEYS[2], 'sum') or 0)
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', floor - per)) do
  sum = sum - redis.call('HGET', KEYS[2], old)
  redis.call('ZREM', KEYS[1], old)
  redis.call('HDEL', KEYS[2], old)
end
local last = tonumber(redis.call('ZRANGE', KEYS[1], -1, -1)[1])
local allowed, retry, receipt = 0, 0, 0
if cost <= limit and sum <= limit - cost then
  if not last or last < at then last = at end
  local name = string.format('%.0f', last)
  allowed, receipt, sum = 1, last, sum + cost
  redis.call('ZADD', KEYS[1], name, name)
  redis.call('HINCRBY', KEYS[2], name, cost)
  redis.call('PEXPIRE', KEYS[1], per + 2)
  redis.call('PEXPIRE', KEYS[2], per + 2)
else
  local left, first, room = sum, 0, last or at - per
  repeat
    local some = redis.call('ZRANGE', KEYS[1], first, first + 99)
    for _, old in ipairs(some) do
      left, room = left - redis.call('HGET', KEYS[2], old), tonumber(old)
      if cost <= limit and left <= limit - cost then break end
    end
    first = first + 100
  until #some < 100 or (cost <= limit and left <= limit - cost)
  retry = (room + per) * 1000 - us
end
if sum > 0 or last then redis.call('HSET', KEYS[2], 'sum', sum) end
local reset = last and math.max((last + per) * 1000 - us, 0) or 0
return {allowed, limit - math.min(sum, limit), reset * 1000, retry * 1000, receipt})");

// ARGV: the receipt, cost.
const state::redis_script give_back_place(R"(
local count = tonumber(redis.call('HGET', KEYS[2], ARGV[1]))
if not count then return 0 end
local less = math.min(count, tonumber(ARGV[2]))
redis.call('HINCRBY', KEYS[2], 'sum', -less)
if less < count then
  redis.call('HINCRBY', KEYS[2], ARGV[1], -less)
else
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[1], ARGV[1])
end
return 1)");

// Enough to tell any two keys apart.
constexpr std::size_t digits_kept = 32;

struct command {
  bool is_bucket;
  std::vector<std::string> keys;
};

// Those of one principal share a slot of a Cluster. A name with another rule begins anew.
command make_command(const std::string& prefix, const limit& by, std::string_view key) {
  const std::string hashed = sha256_hex(key).substr(0, digits_kept);
  const auto name = [&](std::string_view what) { return fmt::format("{}{}:{{{}}}:{}", prefix, what, hashed, by.name); };
  if (std::holds_alternative<token_bucket_rule>(by.rule)) return {.is_bucket = true, .keys = {name("bucket")}};
  return {.is_bucket = false, .keys = {name("window"), name("window-counts")}};
}

decision read_decision(const state::redis_reply& reply, std::uint32_t limit) {
  const auto number = [&](std::size_t at) { return reply.items.at(at).number; };
  return {.allowed = number(0) == 1,
          .limit = limit,
          .remaining = static_cast<std::uint32_t>(number(1)),
          .reset = nanoseconds(number(2)),
          .retry_after = nanoseconds(number(3)),
          .receipt = number(4)};
}

}  // namespace

task<result<decision>> limiter_redis::take(const limit& by, std::string_view key, std::uint32_t cost) {
  command asked = make_command(redis_->told().prefix, by, key);
  std::vector<std::string> told;
  std::uint32_t most = 0;
  if (const auto* const bucket = std::get_if<token_bucket_rule>(&by.rule)) {
    most = bucket->burst;
    told = {std::to_string(std::max<std::int64_t>(std::llround(1e9 / bucket->rate), 1)), std::to_string(most)};
  } else {
    const auto& window = std::get<sliding_window_rule>(by.rule);
    most = window.limit;
    told = {std::to_string(most), std::to_string(window.per.count())};
  }
  told.push_back(std::to_string(cost));
  const state::redis_script& script = asked.is_bucket ? take_token : take_place;
  const auto reply = co_await redis_->run(script, std::move(asked.keys), std::move(told));
  if (!reply) co_return std::unexpected(reply.error());
  if (reply->items.size() != 5) co_return failure(error_reason::internal, "a limit's script answered something else");
  co_return read_decision(*reply, most);
}

task<result<void>> limiter_redis::give_back(const limit& by, std::string_view key, const decision& taken,
                                            std::uint32_t cost) {
  command asked = make_command(redis_->told().prefix, by, key);
  std::vector<std::string> told = {std::to_string(taken.receipt)};
  if (!asked.is_bucket) told.push_back(std::to_string(cost));
  const state::redis_script& script = asked.is_bucket ? give_back_token : give_back_place;
  const auto reply = co_await redis_->run(script, std::move(asked.keys), std::move(told));
  if (!reply) co_return std::unexpected(reply.error());
  co_return result<void>();
}

}  // namespace sluice::limits
