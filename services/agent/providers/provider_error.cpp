#include "agent/providers/provider_error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/utf8.hpp"

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds retry_after_max = std::chrono::days(1);
constexpr std::size_t param_bytes_max = 200;
constexpr std::size_t body_bytes_max = 64 << 10;

// What the body says, in whichever of the usual forms: {"error":{…}}, {"error":"…"}, the object itself (older vLLM),
// [{"error":{…}}] (Gemini), {"detail":"…"} or {"detail":[{"msg":…,"loc":[…]}]} (FastAPI).
struct said {
  std::string message;
  std::string type;
  std::string param;
  std::string code;
};

std::string text_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  if (value == nullptr) return {};
  if (value->is_string()) return std::string(value->as_string());
  return value->is_int64() ? std::to_string(value->as_int64()) : std::string();
}

said read_said(const boost::json::value& value) {
  if (const auto* text = value.if_string()) return {.message = std::string(*text), .type = {}, .param = {}, .code = {}};
  if (const auto* list = value.if_array()) return list->empty() ? said{} : read_said(list->front());
  const auto* object = value.if_object();
  if (object == nullptr) return {};
  for (const std::string_view inner : {"error", "detail"}) {
    const boost::json::value* deeper = object->if_contains(inner);
    if (deeper != nullptr && !deeper->is_null()) return read_said(*deeper);
  }
  said found{.message = text_of(*object, "message"),
             .type = text_of(*object, "type"),
             .param = text_of(*object, "param"),
             .code = text_of(*object, "code")};
  if (found.message.empty()) found.message = text_of(*object, "msg");
  return found;
}

said read_body(std::string_view body) {
  boost::system::error_code code;
  const boost::json::value value = boost::json::parse(body.substr(0, body_bytes_max), code);
  return code ? said{} : read_said(value);
}

bool is_quota(const said& body) {
  return body.code == "insufficient_quota" || body.type == "insufficient_quota";
}

error_reason reason_of(unsigned status, const said& body) {
  switch (status) {
    case 400:
    case 415:
    case 422:
      return error_reason::invalid_argument;
    case 404:
      return error_reason::not_found;
    case 408:
    case 504:
      return error_reason::timed_out;
    case 409:
      return error_reason::conflict;
    case 413:
      return error_reason::too_large;
    case 429:
      return is_quota(body) ? error_reason::bad_gateway : error_reason::rate_limited;
    case 503:
    case 529:
      return error_reason::unavailable;
    default:
      return error_reason::bad_gateway;
  }
}

// What happened, where the provider's own words are not for our client or are not there.
std::string describe(unsigned status, std::string_view provider, bool quota) {
  switch (status) {
    case 401:
    case 403:
      return fmt::format("provider {} refused our credentials; its api_key must be looked at", provider);
    case 402:
      return fmt::format("provider {} says that our account has no credit left", provider);
    case 404:
      return fmt::format("provider {} knows no such model or path", provider);
    case 429:
      return quota ? fmt::format("provider {} says that our quota is used up", provider)
                   : fmt::format("provider {} has had too many requests", provider);
    case 503:
    case 529:
      return fmt::format("provider {} is overloaded", provider);
    default:
      return fmt::format("provider {} answered with status {}", provider, status);
  }
}

bool is_about_our_account(unsigned status, bool quota) {
  return status == 401 || status == 402 || status == 403 || quota;
}

// Decimal digits with an optional fraction at the front of `text`, which it takes away.
std::optional<double> take_number(std::string_view& text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (problem != std::errc() || !(value >= 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

milliseconds bounded(double ms) {
  return ms >= static_cast<double>(retry_after_max.count()) ? retry_after_max
                                                            : milliseconds(static_cast<std::int64_t>(ms + 0.999));
}

// "12ms", "6m0s", "1h2m3.5s"; a bare number is seconds.
std::optional<milliseconds> parse_reset(std::string_view text) {
  double ms = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto number = take_number(text);
    if (!number) return std::nullopt;
    const std::size_t letters = std::min(text.find_first_not_of("dhms"), text.size());
    const std::string_view unit = text.substr(0, letters);
    const double factor = unit == "ms"                ? 1
                          : unit == "s" || unit == "" ? 1e3
                          : unit == "m"               ? 60e3
                          : unit == "h"               ? 3600e3
                          : unit == "d"               ? 86400e3
                                                      : -1;
    if (factor < 0) return std::nullopt;
    ms += *number * factor;
    text.remove_prefix(letters);
  }
  return bounded(ms);
}

// RFC 9110, section 5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT". The two older forms are not sent any more.
std::optional<std::chrono::system_clock::time_point> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const auto number = [text](std::size_t at, std::size_t digits) {
    int value = -1;
    const auto [end, problem] = std::from_chars(text.data() + at, text.data() + at + digits, value);
    return problem == std::errc() && end == text.data() + at + digits ? value : -1;
  };
  const auto month = std::ranges::find(months, text.substr(8, 3));
  const int day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2),
            second = number(23, 2);
  if (month == months.end() || day < 0 || year < 0 || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

}  // namespace

std::optional<milliseconds> retry_after_of(const header_lookup& header, std::chrono::system_clock::time_point now) {
  if (!header) return std::nullopt;
  std::string_view text = header("retry-after-ms");
  if (const auto ms = take_number(text)) return bounded(*ms);
  text = header("retry-after");
  if (const auto date = parse_http_date(text))
    return std::clamp(std::chrono::ceil<milliseconds>(*date - now), milliseconds(0), retry_after_max);
  if (const auto seconds = take_number(text)) return bounded(*seconds * 1e3);
  std::optional<milliseconds> longest;
  for (const std::string_view what : {"requests", "tokens"}) {
    const auto reset = parse_reset(header(fmt::format("x-ratelimit-reset-{}", what)));
    const std::string_view remaining = header(fmt::format("x-ratelimit-remaining-{}", what));
    if (reset && (remaining.empty() || remaining == "0")) longest = std::max(longest.value_or(*reset), *reset);
  }
  return longest;
}

std::string fit_to_show(std::string_view text, std::size_t bytes_max) {
  const bool cut = text.size() > bytes_max;
  std::string shown(text.substr(0, bytes_max));
  shown.resize(whole_characters(shown));
  if (!is_valid_utf8(shown)) {
    std::ranges::replace_if(shown, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  std::ranges::replace_if(shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  if (cut) shown += "…";
  return shown;
}

error error_of_refusal(const provider_refusal& refusal, std::string_view provider,
                       std::chrono::system_clock::time_point now) {
  const said body = read_body(refusal.body);
  const bool quota = refusal.status == 429 && is_quota(body);
  const std::string theirs = fit_to_show(body.message);
  error found{.reason = reason_of(refusal.status, body)};
  found.message = describe(refusal.status, provider, quota);
  if (is_about_our_account(refusal.status, quota)) {
    found.lasting = true;
    found.detail = fmt::format("status {}: {}", refusal.status, theirs);
  } else if (!theirs.empty()) {
    found.message = fmt::format("provider {}: {}", provider, theirs);
    found.param = fit_to_show(body.param, param_bytes_max);
  } else {
    found.detail = fit_to_show(refusal.body);
  }
  if (found.reason == error_reason::rate_limited || found.reason == error_reason::unavailable) {
    found.retry_after = retry_after_of(refusal.header, now);
  }
  return found;
}

error error_of_event(std::string_view json, std::string_view provider) {
  const said body = read_body(json);
  unsigned status = 0;
  std::from_chars(body.code.data(), body.code.data() + body.code.size(), status);
  if (status < 400 || status > 599) {
    constexpr std::array<std::pair<std::string_view, unsigned>, 11> types{{{"invalid_request_error", 400},
                                                                           {"authentication_error", 401},
                                                                           {"billing_error", 402},
                                                                           {"permission_error", 403},
                                                                           {"not_found_error", 404},
                                                                           {"request_too_large", 413},
                                                                           {"rate_limit_error", 429},
                                                                           {"rate_limit_exceeded", 429},
                                                                           {"insufficient_quota", 429},
                                                                           {"overloaded_error", 503},
                                                                           {"timeout_error", 504}}};
    const auto known =
        std::ranges::find_if(types, [&](const auto& one) { return one.first == body.type || one.first == body.code; });
    status = known == types.end() ? 500 : known->second;
  }
  const bool quota = status == 429 && is_quota(body);
  error found{.reason = reason_of(status, body), .message = describe(status, provider, quota)};
  const std::string theirs = fit_to_show(body.message);
  if (is_about_our_account(status, quota)) {
    found.lasting = true;
    found.detail = theirs;
  } else if (!theirs.empty()) {
    found.message = fmt::format("provider {}: {}", provider, theirs);
    found.param = fit_to_show(body.param, param_bytes_max);
  } else {
    found.detail = fit_to_show(json);
  }
  return found;
}

}  // namespace sluice::agent
