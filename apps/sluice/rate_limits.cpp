// The key `limits`: how it is written, what must fit together, what holds where nothing is said.
#include "app/rate_limits.hpp"

#include <set>

#include <fmt/format.h>

#include "app/client_routes.hpp"
#include "app/settings.hpp"
#include "door/request_limits.hpp"
#include "http/server.hpp"

namespace sluice::app {
namespace {

using namespace std::chrono_literals;
using namespace config;

constexpr std::size_t limits_max = 32;
constexpr double seconds_to_fill_max = 31'536'000;  // a year

bool is_limit_name(std::string_view text) {
  constexpr std::string_view marks = "-_.";
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}
bool is_route(std::string_view text) {
  return text.empty() || (text.front() == '/' && text.find('*') >= text.size() - 1);
}
bool is_method(std::string_view text) {
  return text.size() <= 16 && std::ranges::all_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
}

constexpr text_rule limit_name_rule{"a name of 1 to 64 letters, digits, \"-\", \"_\" and \".\"", is_limit_name};
constexpr text_rule route_rule{"a path such as /login, or /v1/conversations* for all that begin so", is_route};
constexpr text_rule method_rule{"a method such as POST", is_method};

type<limit_match_settings> match() {
  using s = limit_match_settings;
  structure<s> keys;
  keys.key("path", &s::path, text(route_rule),
           "HTTP requests to this path, written as in the API's description: `/v1/models/{model}`; with `*` at its "
           "end, to all that begin so. Empty: any.");
  keys.key("method", &s::method, text(method_rule), "HTTP requests with this method. Empty: any.");
  keys.key("operation", &s::operation,
           choice<limited_operation>({{"request", limited_operation::request}, {"chat", limited_operation::chat}}),
           "What is counted: HTTP requests, or answers that are asked for, over HTTP and on sockets alike.");
  return keys;
}

template <class Limit>
structure<Limit> with_common_keys() {
  using common = rate_limit_settings;
  structure<Limit> keys;
  keys.required_key("name", static_cast<std::string Limit::*>(&common::name), text(limit_name_rule),
                    "What it is called, in messages and metrics.");
  keys.key("match", static_cast<limit_match_settings Limit::*>(&common::match), match(),
           "What it applies to; without it to every HTTP request.");
  keys.required_key("by", static_cast<limited_by Limit::*>(&common::by),
                    choice<limited_by>({{"address", limited_by::address},
                                        {"user", limited_by::user},
                                        {"key", limited_by::key},
                                        {"global", limited_by::global}}),
                    "Whose requests are counted together: those of one client address (of one /64 for IPv6), of one "
                    "user, of one API key (others are not counted), or all.");
  return keys;
}

// What no route of ours fits: somebody has mistyped it. Nothing, or what to do.
std::string misfit(const limit_match_settings& match) {
  const door::request_limit asked{.path = match.path, .method = match.method};
  const auto fits = [&](const client_route& one) { return door::request_limits::fits(asked, one.method, one.pattern); };
  if (std::ranges::any_of(client_routes(), fits)) return {};
  std::vector<std::string_view> patterns;
  std::string methods;
  for (const client_route& one : client_routes()) {
    patterns.push_back(one.pattern);
    if (one.pattern == match.path) methods += (methods.empty() ? "" : ", ") + one.method;
  }
  if (!methods.empty()) return fmt::format("no route fits: {} is asked with {}", match.path, methods);
  const std::string_view meant = nearest(match.path, patterns);
  return fmt::format("no route fits {}{}", match.path.empty() ? match.method : match.path,
                     meant.empty() ? std::string() : fmt::format(", did you mean \"{}\"?", meant));
}

rate_limit default_limit(std::string name, std::string path, std::uint32_t limit, milliseconds per) {
  window_limit_settings made;
  made.name = std::move(name);
  made.match = {.path = std::move(path), .method = "POST"};
  made.by = limited_by::address;
  made.limit = limit;
  made.per = per;
  return made;
}

}  // namespace

type<std::vector<rate_limit>> rate_limits_schema() {
  auto bucket = with_common_keys<bucket_limit_settings>();
  bucket.required_key("rate", &bucket_limit_settings::rate, number(0.0001, 1e6), "How many a second in the long run.");
  bucket.required_key("burst", &bucket_limit_settings::burst, integer<std::uint32_t>(1, 1'000'000),
                      "How many may come at once.");
  auto window = with_common_keys<window_limit_settings>();
  window.required_key("limit", &window_limit_settings::limit, integer<std::uint32_t>(1, 100'000),
                      "How many in any span of `per`.");
  window.required_key("per", &window_limit_settings::per, duration(1ms, std::chrono::days(31)), "How long that is.");
  return list_of(variant_of("algorithm", {"token_bucket", "sliding_window"}, {}, type<bucket_limit_settings>(bucket),
                            type<window_limit_settings>(window)));
}

std::vector<rate_limit> default_rate_limits(const server_settings& server) {
  const auto listen = http::parse_listen_address(server.listen);
  const bool is_private = listen && listen->address().is_loopback() && server.trusted_proxies.empty();
  if (is_private) return {};
  // Every refresh leaves a row behind, by which the use of a stolen token is noticed.
  return {default_limit("login", "/login", 30, 1min), default_limit("register", "/register", 20, 1h),
          default_limit("refresh", "/v1/auth/refresh", 120, 1min)};
}

problems check_rate_limits(const std::vector<rate_limit>& all, const value& document) {
  problems wrong;
  const auto add = [&](const std::string& path, std::string message) {
    wrong.push_back({origin_of(document, path), std::move(message)});
  };
  if (all.size() > limits_max)
    add("limits", fmt::format("limits has {} entries, {} is the most", all.size(), limits_max));
  std::set<std::string> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string path = fmt::format("limits[{}]", i);
    const rate_limit_settings& one = common_of(all[i]);
    if (!names.insert(one.name).second) add(path + ".name", fmt::format("the limit \"{}\" is defined twice", one.name));
    const limit_match_settings& match = one.match;
    if (match.operation == limited_operation::chat && (!match.path.empty() || !match.method.empty()))
      add(path + ".match", fmt::format("{}.match: `operation: chat` counts answers however they are asked for: leave "
                                       "out path and method",
                                       path));
    else if (const std::string why = misfit(match); !why.empty())
      add(path + ".match", fmt::format("{}.match: {}", path, why));
    const auto* const bucket = std::get_if<bucket_limit_settings>(&all[i]);
    if (bucket != nullptr && bucket->burst / bucket->rate > seconds_to_fill_max)
      add(path + ".burst", fmt::format("{}: at a rate of {} a second, a burst of {} takes more than a year to save up",
                                       path, bucket->rate, bucket->burst));
  }
  return wrong;
}

const rate_limit_settings& common_of(const rate_limit& one) {
  return std::visit([](const rate_limit_settings& common) -> const rate_limit_settings& { return common; }, one);
}

}  // namespace sluice::app
