// The messages of a request in the words of Anthropic's Messages API. No I/O.
#pragma once

#include <boost/json/array.hpp>

#include "base/error.hpp"
#include "generation/request.hpp"

namespace sluice::agent {

struct anthropic_conversation {
  boost::json::array system;  ///< text blocks; may be empty
  boost::json::array messages;
};

/// See `make_anthropic_body`. Errors: invalid_argument with the place in `param`.
result<anthropic_conversation> make_anthropic_messages(const generation::request& asked);

}  // namespace sluice::agent
