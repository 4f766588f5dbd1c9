#include "app/providers.hpp"

#include <fmt/format.h>

#include "agent/providers/anthropic.hpp"
#include "agent/providers/gemini.hpp"
#include "agent/providers/mock.hpp"
#include "agent/providers/openai.hpp"
#include "app/version.hpp"

namespace sluice::app {
namespace {

agent::mock_fault make_fault(mock_failure told) {
  switch (told) {
    case mock_failure::none:
      return agent::mock_fault::none;
    case mock_failure::refuse:
      return agent::mock_fault::refuse;
    case mock_failure::rate_limit:
      return agent::mock_fault::rate_limit;
    case mock_failure::stall:
      return agent::mock_fault::stall;
    case mock_failure::cut:
      return agent::mock_fault::cut;
  }
  return agent::mock_fault::none;
}

std::shared_ptr<agent::provider> make_mock(const std::string& name, const mock_provider_settings& told) {
  return std::make_shared<agent::mock>(agent::mock_settings{.name = name,
                                                            .delay = milliseconds(told.delay_ms),
                                                            .first_delay = milliseconds(told.first_delay_ms),
                                                            .reasoning = told.reasoning,
                                                            .fault = make_fault(told.fail),
                                                            .fault_after = told.fail_after,
                                                            .stall_limit = told.stall_limit});
}

agent::http_provider_settings make_settings(const std::string& name, const http_provider_settings& told,
                                            const http::proxy_rules& proxies) {
  agent::http_provider_settings made{
      .name = name, .base_url = told.base_url, .api_key = told.api_key, .ca_file = told.ca_file};
  made.headers.assign(told.headers.begin(), told.headers.end());
  made.timeouts = {.connect = told.timeouts.connect,
                   .first_token = told.timeouts.first_token,
                   .between_tokens = told.timeouts.between_tokens,
                   .total = told.timeouts.total};
  made.user_agent = fmt::format("sluice/{}", version);
  made.client.proxies = proxies;
  made.client.pool.connections_per_origin_max = told.connections_per_worker;
  return made;
}

}  // namespace

result<http::proxy_rules> proxies_of_environment() {
  return http::proxy_rules::parse(http::proxy_settings_from_environment());
}

result<std::shared_ptr<agent::provider>> make_provider(const std::string& name, const provider_settings& told,
                                                       const http::proxy_rules& proxies, async::worker_pool& workers,
                                                       async::blocking_pool& lookups) {
  if (const auto* const mock = std::get_if<mock_provider_settings>(&told)) return make_mock(name, *mock);
  if (const auto* const openai = std::get_if<openai_provider_settings>(&told))
    return agent::make_openai(make_settings(name, *openai, proxies), workers, lookups);
  if (const auto* const anthropic = std::get_if<anthropic_provider_settings>(&told))
    return agent::make_anthropic(make_settings(name, *anthropic, proxies), workers, lookups);
  const auto& gemini = std::get<gemini_provider_settings>(told);
  return agent::make_gemini(make_settings(name, gemini, proxies), workers, lookups);
}

std::expected<std::vector<std::shared_ptr<agent::provider>>, std::string> make_providers(
    const settings& told, async::worker_pool& workers, async::blocking_pool& lookups) {
  const auto proxies = proxies_of_environment();
  if (!proxies) return std::unexpected(proxies.error().message);
  std::vector<std::shared_ptr<agent::provider>> made;
  for (const auto& [name, provider] : told.providers) {
    auto one = make_provider(name, provider, *proxies, workers, lookups);
    if (!one) return std::unexpected(one.error().message);
    made.push_back(std::move(*one));
  }
  return made;
}

}  // namespace sluice::app
