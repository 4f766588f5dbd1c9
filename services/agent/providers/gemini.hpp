// The provider `gemini`: generateContent of the Gemini API and of every server that speaks it.
#pragma once

#include "agent/providers/http_provider.hpp"

namespace sluice::agent {

/// Errors name the setting that is wrong and never repeat a secret. `workers` and `lookups` outlive the provider.
result<std::shared_ptr<http_provider>> make_gemini(http_provider_settings told, async::worker_pool& workers,
                                                   async::blocking_pool& lookups);

}  // namespace sluice::agent
