#include "door/json_exchange.hpp"

#include <boost/json/serialize.hpp>
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
