// A request as JSON: how it travels between nodes.
#pragma once

#include <string_view>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::generation {

/// Every field that is set, under its own name. Reading it back gives an equal request: nothing is lost.
boost::json::object to_json(const request& from);
/// Errors are `internal`: what we wrote ourselves is damaged.
result<request> parse_request(std::string_view text);

}  // namespace sluice::generation
