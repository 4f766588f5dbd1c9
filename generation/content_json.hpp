// Messages and terminal records as JSON: how they are stored, and how our own APIs show them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "generation/delta.hpp"
#include "generation/request.hpp"
#include "generation/usage.hpp"

namespace sluice::generation {

/// One object per part, `type` first: text, image, audio, file, reasoning, refusal, tool_call, tool_result, vendor.
/// Members that are empty or false are left out. Reading it back gives equal parts: nothing is lost.
boost::json::array to_json(const std::vector<content_part>& parts);
/// Errors are `internal`: what we wrote ourselves is damaged.
result<std::vector<content_part>> parse_parts(const boost::json::value& from);

/// `parts`, and `name`, `extensions` and `provider` where they are set. The role is kept by whoever keeps the message.
boost::json::object to_json(const message& from);
result<message> parse_message(std::string_view text, role of);

/// All counts, and the `source`.
boost::json::object to_json(const usage& from);
usage parse_usage(const boost::json::object& from);

/// The whole terminal record, what stays inside the process (`problem.detail`) included.
boost::json::object to_json(const finish& from);
result<finish> parse_finish(std::string_view text);

}  // namespace sluice::generation
