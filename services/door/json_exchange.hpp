// Small JSON bodies in, JSON out, for the APIs that are our own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "async/task.hpp"
#include "base/error.hpp"
#include "door/field_reader.hpp"
#include "http/exchange.hpp"

namespace sluice::door {

/// Reads the request's body as a JSON object of at most `bytes_max` bytes; an empty body is an empty object. Nothing:
/// the client has been answered, with 400, 413 or what `read_body` says.
task<std::optional<boost::json::object>> read_json_object(http::exchange& with, const json_limits& limits,
                                                          std::size_t bytes_max);

/// A text that must be there and not empty. Errors: invalid_argument with the name in `param`.
result<std::string> required_text(const boost::json::object& body, std::string_view name);

/// The query's `limit`, else `fallback`. Errors: invalid_argument for what is no number; its range is others' business.
result<std::uint32_t> read_limit(const http::request& asked, std::uint32_t fallback);
/// Where a list goes on, as we say it: null at its end.
boost::json::value cursor_or_null(const std::string& cursor);
/// "2026-11-23": the day `days` ago, UTC.
std::string day_before_today(int days);

/// Answers; a client that is gone is nothing to the one who answers.
task<> send_json(http::exchange& with, unsigned status, boost::json::object body);
task<> send_nothing(http::exchange& with);  ///< 204
task<> send_error(http::exchange& with, error problem);

}  // namespace sluice::door
