#include "state/redis_trouble.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

namespace sluice::state {

// Redis begins an error with its code, but versions before 7 wrap those of a script.
redis_complaint understand_error(std::string_view reply) {
  using enum redis_trouble;
  static constexpr std::array<std::pair<std::string_view, redis_trouble>, 19> codes = {{
      {"OOM", full},           {"FULL", full},
      {"MISCONF", full},       {"NOREPLICAS", full},
      {"READONLY", read_only}, {"MASTERDOWN", read_only},
      {"LOADING", away},       {"BUSY", away},
      {"WRONGPASS", refused},  {"NOAUTH", refused},
      {"NOPERM", refused},     {"DENIED", refused},
      {"MOVED", unusable},     {"ASK", unusable},
      {"CROSSSLOT", unusable}, {"CLUSTERDOWN", unusable},
      {"TRYAGAIN", unusable},  {"WRONGTYPE", bug},
      {"NOSCRIPT", bug},
  }};
  const std::string_view code = reply.substr(0, reply.find(' '));
  const bool is_wrapped = code == "ERR" && reply.contains("rror running script");
  for (const auto& [known, what] : codes) {
    if (code == known || (is_wrapped && reply.contains(fmt::format("{} ", known))))
      return {.what = what, .text = fmt::format("says: {}", reply)};
  }
  if (reply.contains("max number of clients reached")) return {.what = away, .text = fmt::format("says: {}", reply)};
  return {.what = bug, .text = fmt::format("says: {}", reply)};
}

std::string_view to_string(redis_trouble what) {
  switch (what) {
    case redis_trouble::none:
      return "none";
    case redis_trouble::away:
      return "away";
    case redis_trouble::refused:
      return "refused";
    case redis_trouble::unusable:
      return "unusable";
    case redis_trouble::read_only:
      return "read_only";
    case redis_trouble::full:
      return "full";
    case redis_trouble::bug:
      return "bug";
  }
  return "bug";
}

bool ends_connection(redis_trouble what) {
  return what == redis_trouble::read_only || what == redis_trouble::unusable;
}

error make_redis_error(const redis_complaint& why) {
  if (why.what == redis_trouble::bug) {
    error wrong{.reason = error_reason::internal, .message = "something went wrong here"};
    wrong.detail = fmt::format("Redis {}", why.text);
    return wrong;
  }
  error away{.reason = error_reason::unavailable, .message = "a part of this service is away; try again later"};
  away.retry_after = std::chrono::seconds(1);
  away.detail = fmt::format("Redis {}", why.text);
  return away;
}

}  // namespace sluice::state
