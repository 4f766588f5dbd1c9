#include "limits/limiter_redis_scripts.hpp"

#include <string>

namespace sluice::limits::scripts {
namespace {

// A test may tell the time, by two more arguments.
std::string with_clock(int arguments, std::string_view rest) {
  const std::string next = std::to_string(arguments + 1);
  const std::string last = std::to_string(arguments + 2);
  return "local time = ARGV[" + next + "] and {ARGV[" + next + "], ARGV[" + last + "]} or redis.call('TIME')\n" +
         std::string(rest);
}

// Keys outlive what they say by a second, for Redis counts their time from when the script began.
constexpr std::string_view bucket = R"(
local second = 1000000000
local function add(a, b, c, d)
  local s, n = a + c, b + d
  if n >= second then return s + 1, n - second end
  return s, n
end
local function subtract(a, b, c, d)
  local s, n = a - c, b - d
  if n < 0 then return s - 1, n + second end
  return s, n
end
local function is_more(a, b, c, d)
  return a > c or (a == c and b > d)
end
local now_s, now_n = tonumber(time[1]), time[2] * 1000
local price_s, price_n = tonumber(ARGV[1]), tonumber(ARGV[2])
local full_s, full_n = string.match(redis.call('GET', KEYS[1]) or '0:0', '^(%d+):(%d+)$')
)";

constexpr std::string_view take_from_bucket = R"(
local depth_s, depth_n = tonumber(ARGV[3]), tonumber(ARGV[4])
local function fill_at(owed_s, owed_n)
  local s, n = add(now_s, now_n, owed_s, owed_n)
  redis.call('SET', KEYS[1], string.format('%.0f:%.0f', s, n), 'PX', string.format('%.0f', (owed_s + 2) * 1000))
end
local owed_s, owed_n = subtract(full_s, full_n, now_s, now_n)
if owed_s < 0 then
  owed_s, owed_n = 0, 0
elseif is_more(owed_s, owed_n, depth_s, depth_n) then
  owed_s, owed_n = depth_s, depth_n
  fill_at(owed_s, owed_n)
end
local sum_s, sum_n = add(owed_s, owed_n, price_s, price_n)
if ARGV[5] ~= '1' or is_more(sum_s, sum_n, depth_s, depth_n) then return {0, owed_s, owed_n} end
fill_at(sum_s, sum_n)
return {1, owed_s, owed_n})";

constexpr std::string_view give_back_to_bucket = R"(
local s, n = subtract(full_s, full_n, price_s, price_n)
if is_more(s, n, now_s, now_n) then
  redis.call('SET', KEYS[1], string.format('%.0f:%.0f', s, n), 'KEEPTTL')
else
  redis.call('DEL', KEYS[1])
end
return 1)";

// A millisecond is rounded up, so nothing is ever forgotten too early. Should Redis have evicted one of the two keys,
// the other one says nothing.
constexpr std::string_view window = R"(
local per, limit, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local now = time[1] * 1000000 + time[2]
local now_ms = math.floor(now / 1000)
local at = math.ceil(now / 1000)
local function text(number) return string.format('%.0f', number) end
local newest = tonumber(redis.call('ZRANGE', KEYS[1], -1, -1)[1])
local sum = tonumber(redis.call('HGET', KEYS[2], 'sum'))
if not newest or not sum or newest <= now_ms - per or newest > at + per then
  redis.call('DEL', KEYS[1], KEYS[2])
  newest, sum = nil, 0
end
while newest do
  local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', text(now_ms - per), 'LIMIT', 0, 1000)
  if #old == 0 then break end
  for _, count in ipairs(redis.call('HMGET', KEYS[2], unpack(old))) do sum = sum - (tonumber(count) or 0) end
  redis.call('HDEL', KEYS[2], unpack(old))
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, #old - 1)
  redis.call('HSET', KEYS[2], 'sum', text(sum))
end
if cost <= limit and sum <= limit - cost then
  if not newest or newest < at then
    newest = at
    redis.call('ZADD', KEYS[1], text(at), text(at))
  end
  sum = sum + cost
  redis.call('HINCRBY', KEYS[2], text(newest), text(cost))
  redis.call('HSET', KEYS[2], 'sum', text(sum))
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, text(newest - now_ms + per + 1000)) end
  return {1, sum, newest, 0, now}
end
if cost > limit then return {0, sum, newest or 0, newest or 0, now} end
local left, room, first = sum, 0, 0
while left > limit - cost do
  local some = redis.call('ZRANGE', KEYS[1], first, first + 99)
  if #some == 0 then break end
  local counts = redis.call('HMGET', KEYS[2], unpack(some))
  for i, one in ipairs(some) do
    left = left - (tonumber(counts[i]) or 0)
    room = tonumber(one)
    if left <= limit - cost then break end
  end
  first = first + 100
end
return {0, sum, newest or 0, room, now})";

constexpr std::string_view give_back_to_window = R"(
local count = tonumber(redis.call('HGET', KEYS[2], ARGV[1]))
if not count then return 0 end
local less = math.min(count, tonumber(ARGV[2]))
if less == count then
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[1], ARGV[1])
else
  redis.call('HINCRBY', KEYS[2], ARGV[1], string.format('%.0f', -less))
end
redis.call('HINCRBY', KEYS[2], 'sum', string.format('%.0f', -less))
return 1)";

}  // namespace

const state::redis_script take_tokens(with_clock(5, std::string(bucket).append(take_from_bucket)));
const state::redis_script give_back_tokens(with_clock(2, std::string(bucket).append(give_back_to_bucket)));
const state::redis_script take_room(with_clock(3, window));
const state::redis_script give_back_room{std::string(give_back_to_window)};

}  // namespace sluice::limits::scripts
