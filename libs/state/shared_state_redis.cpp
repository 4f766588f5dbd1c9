#include "state/shared_state_redis.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "state/redis_trouble.hpp"

namespace sluice::state {
namespace {

using namespace std::chrono_literals;

// STRLEN, here and below, is an error for what is no string.
const redis_script put_script(R"(
redis.call('STRLEN', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1)");

const redis_script put_if_absent_script(R"(
redis.call('STRLEN', KEYS[1])
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0)");

// Lua's numbers are not exact past 2^53, so the sum is never one.
const redis_script add_script(R"(
local before = redis.call('HGET', KEYS[1], 'sum')
if ARGV[1] == '0' then return before or '0' end
local sum = redis.pcall('HINCRBY', KEYS[1], 'sum', ARGV[1])
if type(sum) == 'table' and sum.err then
  if not string.find(sum.err, 'overflow', 1, true) then return redis.error_reply(sum.err) end
  local stop = string.sub(ARGV[1], 1, 1) == '-' and '-9223372036854775808' or '9223372036854775807'
  redis.call('HSET', KEYS[1], 'sum', stop)
end
if not before then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('HGET', KEYS[1], 'sum'))");

const redis_script hold_script(R"(
local owner = redis.call('LINDEX', KEYS[1], 0)
if owner and owner ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('RPUSH', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1)");

const redis_script renew_script(R"(
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2]))");

const redis_script release_script(R"(
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1]))");

// Of a group, KEYS[1] has the members and KEYS[2] when they end. Those that have ended are forgotten first.
constexpr std::string_view forget_ended = R"(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, name in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
  redis.call('HDEL', KEYS[1], name)
  redis.call('ZREM', KEYS[2], name)
end
)";

const redis_script enlist_script(std::string(forget_ended) + R"(
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[3]), ARGV[1])
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2]
redis.call('PEXPIREAT', KEYS[1], last)
redis.call('PEXPIREAT', KEYS[2], last)
return 1)");

const redis_script delist_script(std::string(forget_ended) + R"(
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1]))");

const redis_script list_script(std::string(forget_ended) + R"(
return redis.call('HGETALL', KEYS[1]))");

// Redis adds it to the time of day, which must not overflow.
std::string milliseconds_of(shared_state::duration lifetime) {
  constexpr shared_state::duration longest = std::chrono::years(100);
  return std::to_string(std::clamp(lifetime, shared_state::duration(1ms), longest).count());
}

result<bool> is_one(const result<redis_reply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  return reply->number == 1;
}

result<void> is_done(const result<redis_reply>& reply) {
  if (!reply) return std::unexpected(reply.error());
  return {};
}

result<std::optional<std::string>> text_if_any(result<redis_reply> reply) {
  if (!reply) return std::unexpected(std::move(reply.error()));
  if (reply->is_nil()) return std::nullopt;
  return std::move(reply->text);
}

}  // namespace

shared_state_redis::shared_state_redis(std::shared_ptr<redis_client> asked, executor on, const telemetry::logger& log)
    : redis_(std::move(asked)),
      prefix_(redis_->told().prefix),
      channel_(prefix_ + "announcements"),
      listener_(on, redis_->told(), channel_, log) {}

// "ticket:abc" becomes "sluice:key:ticket:{abc}".
std::string shared_state_redis::key_of(std::string_view key) const {
  const std::size_t colon = key.find(':');
  if (colon == std::string_view::npos) return fmt::format("{}key:{{{}}}", prefix_, key);
  return fmt::format("{}key:{}:{{{}}}", prefix_, key.substr(0, colon), key.substr(colon + 1));
}

std::vector<std::string> shared_state_redis::keys_of_group(std::string_view group) const {
  return {fmt::format("{}group:{{{}}}", prefix_, group), fmt::format("{}group-ends:{{{}}}", prefix_, group)};
}

task<result<void>> shared_state_redis::put(std::string key, std::string value, duration lifetime) {
  co_return is_done(co_await redis_->run(put_script, {key_of(key)}, {std::move(value), milliseconds_of(lifetime)}));
}

task<result<bool>> shared_state_redis::put_if_absent(std::string key, std::string value, duration lifetime) {
  co_return is_one(
      co_await redis_->run(put_if_absent_script, {key_of(key)}, {std::move(value), milliseconds_of(lifetime)}));
}

task<result<std::optional<std::string>>> shared_state_redis::get(std::string key) {
  const std::string name = key_of(key);
  co_return text_if_any(co_await redis_->call({"GET", name}));
}

task<result<std::optional<std::string>>> shared_state_redis::take(std::string key) {
  const std::string name = key_of(key);
  co_return text_if_any(co_await redis_->call({"GETDEL", name}));
}

task<result<bool>> shared_state_redis::remove(std::string key) {
  const std::string name = key_of(key);
  co_return is_one(co_await redis_->call({"DEL", name}));
}

task<result<bool>> shared_state_redis::extend(std::string key, duration lifetime) {
  const std::string name = key_of(key);
  const std::string time = milliseconds_of(lifetime);
  co_return is_one(co_await redis_->call({"PEXPIRE", name, time}));
}

task<result<std::int64_t>> shared_state_redis::add(std::string key, std::int64_t amount, duration lifetime) {
  const auto reply =
      co_await redis_->run(add_script, {key_of(key)}, {std::to_string(amount), milliseconds_of(lifetime)});
  if (!reply) co_return std::unexpected(reply.error());
  std::int64_t sum = 0;
  std::from_chars(reply->text.data(), reply->text.data() + reply->text.size(), sum);
  co_return sum;
}

task<result<bool>> shared_state_redis::hold(std::string key, std::string owner, std::string value, duration lifetime) {
  co_return is_one(co_await redis_->run(hold_script, {key_of(key)},
                                        {std::move(owner), std::move(value), milliseconds_of(lifetime)}));
}

task<result<bool>> shared_state_redis::renew(std::string key, std::string owner, duration lifetime) {
  co_return is_one(co_await redis_->run(renew_script, {key_of(key)}, {std::move(owner), milliseconds_of(lifetime)}));
}

task<result<bool>> shared_state_redis::release(std::string key, std::string owner) {
  co_return is_one(co_await redis_->run(release_script, {key_of(key)}, {std::move(owner)}));
}

task<result<std::optional<holding>>> shared_state_redis::find_holder(std::string key) {
  const std::string name = key_of(key);
  auto reply = co_await redis_->call({"LRANGE", name, "0", "-1"});
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  if (reply->items.size() != 2) co_return std::nullopt;
  co_return holding{.owner = std::move(reply->items[0].text), .value = std::move(reply->items[1].text)};
}

task<result<void>> shared_state_redis::enlist(std::string group, member one, duration lifetime) {
  const auto enlisted = is_one(co_await redis_->run(
      enlist_script, keys_of_group(group),
      {std::move(one.name), std::move(one.value), milliseconds_of(lifetime), std::to_string(group_members_max)}));
  if (!enlisted) co_return std::unexpected(enlisted.error());
  if (!*enlisted)
    co_return std::unexpected(make_redis_error({.what = redis_trouble::full, .text = "has a group that is full"}));
  co_return result<void>();
}

task<result<bool>> shared_state_redis::delist(std::string group, std::string name) {
  co_return is_one(co_await redis_->run(delist_script, keys_of_group(group), {std::move(name)}));
}

task<result<std::vector<member>>> shared_state_redis::list(std::string group) {
  auto reply = co_await redis_->run(list_script, keys_of_group(group), {});
  if (!reply) co_return std::unexpected(std::move(reply.error()));
  std::vector<member> all;
  for (std::size_t i = 0; i + 1 < reply->items.size(); i += 2)
    all.push_back({.name = std::move(reply->items[i].text), .value = std::move(reply->items[i + 1].text)});
  std::ranges::sort(all, {}, &member::name);
  co_return all;
}

task<result<void>> shared_state_redis::publish(std::string topic, std::string text) {
  const std::string payload = write_announcement(topic, text);
  co_return is_done(co_await redis_->call({"PUBLISH", channel_, payload}));
}

std::unique_ptr<subscription> shared_state_redis::subscribe(executor on, std::vector<std::string> topics) {
  return listener_.subscribe(on, std::move(topics));
}

}  // namespace sluice::state
