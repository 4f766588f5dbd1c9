// The provider `openai`: chat completions of OpenAI and of every server that speaks its API.
#pragma once

#include "agent/providers/http_provider.hpp"

namespace sluice::agent {

inline constexpr std::string_view openai_base_url = "https://api.openai.com/v1";

/// Errors name the setting that is wrong and never repeat a secret. `workers` and `lookups` outlive the provider.
result<std::shared_ptr<http_provider>> make_openai(http_provider_settings told, async::worker_pool& workers,
                                                   async::blocking_pool& lookups);

}  // namespace sluice::agent
