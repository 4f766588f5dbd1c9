#include "door/json_exchange.hpp"

#include <charconv>

#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "door/field_reader.hpp"

namespace sluice::door {

namespace json = boost::json;

task<std::optional<json::object>> read_json_object(http::exchange& with, const json_limits& limits,
                                                   std::size_t bytes_max) {
  if (!co_await with.read_body(bytes_max)) co_return std::nullopt;
  const std::string& text = with.request().body;
  if (text.empty()) co_return json::object();
  auto body = parse_json(text, limits);
  if (!body) {
    co_await with.respond_error(std::move(body.error()));
    co_return std::nullopt;
  }
  if (!body->is_object()) {
    co_await with.respond_error(
        {.reason = error_reason::invalid_argument, .message = "the body must be a JSON object"});
    co_return std::nullopt;
  }
  co_return std::move(body->get_object());
}

result<std::string> required_text(const json::object& body, std::string_view name) {
  std::string found;
  field_reader fields(body, "");
  fields.text(name, found);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (found.empty())
    return failure(error_reason::invalid_argument, fmt::format("\"{}\" is missing or empty", name), std::string(name));
  return found;
}

result<std::uint32_t> read_limit(const http::request& asked, std::uint32_t fallback) {
  const auto text = asked.query_parameter("limit");
  if (!text) return fallback;
  std::uint32_t limit = 0;
  const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (problem != std::errc() || end != text->data() + text->size())
    return failure(error_reason::invalid_argument, "\"limit\" must be a whole number", "limit");
  return limit;
}

json::value cursor_or_null(const std::string& cursor) {
  return cursor.empty() ? json::value(nullptr) : json::value(cursor);
}

std::string day_before_today(int days) {
  const auto moment = std::chrono::system_clock::now() - std::chrono::days(days);
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(moment)));
}

task<> send_json(http::exchange& with, unsigned status, json::object body) {
  co_await with.respond(http::json_response(status, json::serialize(body)));
}

task<> send_nothing(http::exchange& with) {
  co_await with.respond({.status = 204, .headers = {}, .body = {}});
}

task<> send_error(http::exchange& with, error problem) {
  co_await with.respond_error(std::move(problem));
}

}  // namespace sluice::door
