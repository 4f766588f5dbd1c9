// The messages of a request in the words of the Gemini API. No I/O.
#pragma once

#include <string_view>

#include <boost/json/array.hpp>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::agent {

struct gemini_conversation {
  boost::json::array system;  ///< parts; may be empty
  boost::json::array contents;
};

/// See `make_gemini_body`. Errors: invalid_argument with the place in `param`.
result<gemini_conversation> make_gemini_messages(const generation::request& asked, std::string_view model);

}  // namespace sluice::agent
