#include "door/field_reader.hpp"

#include <cmath>

#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace sluice::door {

result<boost::json::value> parse_json(std::string_view text, const json_limits& limits,
                                      boost::json::storage_ptr storage) {
  boost::json::parse_options options;
  options.max_depth = limits.depth;
  boost::json::stream_parser parser({}, options);
  parser.reset(std::move(storage));
  boost::system::error_code problem;
  const std::size_t read = parser.write_some(text, problem);
  if (!problem && read < text.size()) problem = boost::json::make_error_code(boost::json::error::extra_data);
  if (!problem) parser.finish(problem);
  if (!problem) return parser.release();
  if (problem == boost::json::error::too_deep) {
    return failure(error_reason::invalid_argument,
                   fmt::format("the JSON is nested deeper than {} levels", limits.depth));
  }
  return failure(error_reason::invalid_argument,
                 fmt::format("this is not JSON: {} at byte {}", problem.message(), read));
}

const boost::json::value* field_reader::find(std::string_view name) const {
  if (problem_) return nullptr;
  const boost::json::value* const value = from_.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void field_reader::refuse(std::string_view name, std::string_view expected) {
  problem_ = error{.reason = error_reason::invalid_argument,
                   .message = fmt::format("\"{}{}\" must be {}", prefix_, name, expected),
                   .param = fmt::format("{}{}", prefix_, name)};
}

void field_reader::text(std::string_view name, std::string& into) {
  const boost::json::value* const value = find(name);
  if (value == nullptr) return;
  if (!value->is_string()) return refuse(name, "a string");
  into = value->get_string();
}

void field_reader::text(std::string_view name, std::optional<std::string>& into) {
  std::string read;
  if (find(name) == nullptr) return;
  text(name, read);
  if (!problem_) into = std::move(read);
}

void field_reader::boolean(std::string_view name, std::optional<bool>& into) {
  const boost::json::value* const value = find(name);
  if (value == nullptr) return;
  if (!value->is_bool()) return refuse(name, "true or false");
  into = value->get_bool();
}

void field_reader::number(std::string_view name, std::optional<double>& into, double min, double max) {
  const boost::json::value* const value = find(name);
  if (value == nullptr) return;
  if (!value->is_number()) return refuse(name, "a number");
  const auto read = value->to_number<double>();
  if (!std::isfinite(read) || read < min || read > max) return refuse(name, fmt::format("between {} and {}", min, max));
  into = read;
}

void field_reader::integer(std::string_view name, std::optional<std::int64_t>& into, std::int64_t min,
                           std::int64_t max) {
  const boost::json::value* const value = find(name);
  if (value == nullptr) return;
  boost::system::error_code problem;
  const auto read = value->to_number<std::int64_t>(problem);
  if (problem || !value->is_number()) return refuse(name, "a whole number");
  if (read < min || read > max) {
    return refuse(name, max == std::numeric_limits<std::int64_t>::max() ? fmt::format("at least {}", min)
                                                                        : fmt::format("between {} and {}", min, max));
  }
  into = read;
}

void field_reader::object(std::string_view name, boost::json::object& into) {
  const boost::json::value* const value = find(name);
  if (value == nullptr) return;
  if (!value->is_object()) return refuse(name, "an object");
  into = value->get_object();
}

}  // namespace sluice::door
