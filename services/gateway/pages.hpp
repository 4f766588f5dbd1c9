// The pages that the gateway serves itself.
#pragma once

#include "http/message.hpp"

namespace sluice::gateway {

/// `/demo`: one screen in the basic dialect. Its Content-Security-Policy allows its own script and style and nothing
/// else.
http::response demo_page();

}  // namespace sluice::gateway
