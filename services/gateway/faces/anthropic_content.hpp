// Messages of Anthropic's Messages API and their content blocks: JSON → the neutral model. No I/O.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::gateway::anthropic {

/// Content as it stands in a message or in `system`: a string, or a list of blocks. `path` is where, for errors.
result<std::vector<generation::content_part>> parse_content(const boost::json::value& value, const std::string& path);

/// One message of `messages`, appended to `to` as one or more.
result<void> append_message(std::vector<generation::message>& to, const boost::json::value& value,
                            const std::string& path);

}  // namespace sluice::gateway::anthropic
