#include "agent/providers/gemini_error.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace sluice::agent {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr std::size_t body_bytes_max = 64 << 10;
constexpr std::size_t param_bytes_max = 200;
constexpr double retry_after_seconds_max = 86'400;

// google.rpc.Code by its name, and the status of HTTP that stands for it.
constexpr std::array<std::pair<std::string_view, unsigned>, 15> statuses{{{"INVALID_ARGUMENT", 400},
                                                                          {"FAILED_PRECONDITION", 403},
                                                                          {"OUT_OF_RANGE", 400},
                                                                          {"UNAUTHENTICATED", 401},
                                                                          {"PERMISSION_DENIED", 403},
                                                                          {"NOT_FOUND", 404},
                                                                          {"ABORTED", 409},
                                                                          {"ALREADY_EXISTS", 409},
                                                                          {"RESOURCE_EXHAUSTED", 429},
                                                                          {"CANCELLED", 500},
                                                                          {"DATA_LOSS", 500},
                                                                          {"INTERNAL", 500},
                                                                          {"UNKNOWN", 500},
                                                                          {"UNAVAILABLE", 503},
                                                                          {"DEADLINE_EXCEEDED", 504}}};

struct google_error {
  unsigned status = 0;  // 0: it says none
  std::optional<milliseconds> retry_delay;
  std::string field;
};

const json::value* member(const json::value* of, std::string_view name) {
  const json::object* const object = of == nullptr ? nullptr : of->if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string_view text_of(const json::value* value) {
  const json::string* const text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

const json::value* first_of(const json::value* value) {
  const json::array* const list = value == nullptr ? nullptr : value->if_array();
  return list == nullptr ? value : list->empty() ? nullptr : &list->front();
}

// A google.protobuf.Duration: "34.074824224s".
std::optional<milliseconds> parse_delay(std::string_view text) {
  double seconds = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), seconds, std::chars_format::fixed);
  if (problem != std::errc() || !(seconds >= 0) || std::string_view(end, text.data() + text.size()) != "s")
    return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(std::min(seconds, retry_after_seconds_max) * 1e3 + 0.999));
}

void read_detail(const json::value& detail, google_error& found) {
  if (text_of(member(&detail, "reason")) == "API_KEY_INVALID") found.status = 401;
  if (const auto delay = parse_delay(text_of(member(&detail, "retryDelay")))) found.retry_delay = delay;
  if (found.field.empty()) found.field = text_of(member(first_of(member(&detail, "fieldViolations")), "field"));
}

google_error read_error(std::string_view text) {
  google_error found;
  boost::system::error_code bad;
  const json::value whole = json::parse(text.substr(0, body_bytes_max), bad);
  if (bad) return found;
  const json::value* const told = member(first_of(&whole), "error");
  const std::string_view status = text_of(member(told, "status"));
  const auto known = std::ranges::find(statuses, status, &std::pair<std::string_view, unsigned>::first);
  if (known != statuses.end()) {
    found.status = known->second;
  } else if (const json::value* const code = member(told, "code"); code != nullptr && code->is_int64()) {
    if (const std::int64_t number = code->get_int64(); number >= 400 && number <= 599)
      found.status = static_cast<unsigned>(number);
  }
  const json::value* const details = member(told, "details");
  if (details != nullptr && details->is_array()) {
    for (const json::value& detail : details->get_array())
      read_detail(detail, found);
  }
  // Older versions of the API say it in words alone.
  if (found.status == 400 && text_of(member(told, "message")).starts_with("API key not valid")) found.status = 401;
  return found;
}

}  // namespace

error gemini_error_of_refusal(const provider_refusal& refusal, std::string_view provider,
                              std::chrono::system_clock::time_point now) {
  google_error told = read_error(refusal.body);
  provider_refusal settled = refusal;
  if (told.status != 0) settled.status = told.status;
  error found = error_of_refusal(settled, provider, now);
  const bool may_come_again = found.reason == error_reason::rate_limited || found.reason == error_reason::unavailable;
  if (may_come_again && told.retry_delay) found.retry_after = told.retry_delay;
  if (found.reason == error_reason::invalid_argument && found.param.empty())
    found.param = fit_to_show(told.field, param_bytes_max);
  return found;
}

error gemini_error_of_event(std::string_view json, std::string_view provider) {
  return gemini_error_of_refusal({.status = 500, .body = json, .header = {}}, provider, {});
}

}  // namespace sluice::agent
