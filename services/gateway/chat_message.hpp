// One message of a chat in OpenAI's words.
#pragma once

#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::gateway {

/// `path` names the value in errors, e.g. "messages[2]".
result<generation::message> parse_message(const boost::json::value& value, const std::string& path);

/// A message's content: a string, or a list of parts (text, image_url, input_audio, file, refusal). Empty content is an
/// error. Parts of unknown type pass to a provider of OpenAI's dialect as they came.
result<std::vector<generation::content_part>> parse_content(const boost::json::value& value, const std::string& path);

}  // namespace sluice::gateway
