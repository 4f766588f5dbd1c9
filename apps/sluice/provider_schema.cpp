#include "app/provider_schema.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "app/schema_rules.hpp"

namespace sluice::app {

bool is_http_url(std::string_view text) {
  const auto url = boost::urls::parse_uri(text);
  return url && (url->scheme() == "http" || url->scheme() == "https") && !url->host().empty() && !url->has_fragment() &&
         !url->has_query();
}

namespace {

using namespace config;

type<mock_provider_settings> mock_provider() {
  using s = mock_provider_settings;
  structure<s> keys;
  keys.key("delay_ms", &s::delay_ms, integer<std::uint32_t>(0, 60'000),
           "Milliseconds between two characters; 0: none.");
  keys.key("first_delay_ms", &s::first_delay_ms, integer<std::uint32_t>(0, 600'000),
           "Milliseconds before the first one.");
  keys.key("reasoning", &s::reasoning, boolean(), "Whether it thinks aloud before it answers.");
  keys.key("fail", &s::fail,
           choice<mock_failure>({{"none", mock_failure::none},
                                 {"refuse", mock_failure::refuse},
                                 {"rate_limit", mock_failure::rate_limit},
                                 {"stall", mock_failure::stall},
                                 {"cut", mock_failure::cut}}),
           "How it fails, for trying out what happens then.");
  keys.key("fail_after", &s::fail_after, integer<std::uint64_t>(0, 1'000'000'000),
           "Characters before it stalls or cuts.");
  keys.key("stall_limit", &s::stall_limit, duration(wait_min, wait_max), "How long it stalls before it gives up.");
  return keys;
}

template <class Provider>
type<Provider> http_provider(const char* base_url, const char* api_key) {
  using t = provider_timeout_settings;
  structure<t> waits;
  const auto wait = duration(wait_min, wait_max);
  waits.key("connect", &t::connect, wait, "To connect, TLS included.");
  waits.key("first_token", &t::first_token, wait, "From the request to the first token.");
  waits.key("between_tokens", &t::between_tokens, wait, "From one token to the next.");
  waits.key("total", &t::total, wait, "For the whole answer.");

  using s = http_provider_settings;
  structure<Provider> keys;
  const auto key = [&keys](const char* name, auto s::* member, const auto& kind, const char* about) {
    keys.key(name, static_cast<std::remove_reference_t<decltype(std::declval<s>().*member)> Provider::*>(member), kind,
             about);
  };
  key("base_url", &s::base_url, text(url_rule), base_url);
  key("api_key", &s::api_key, secret(), api_key);
  key("timeouts", &s::timeouts, type<t>(waits), "How long the provider is waited for.");
  key("headers", &s::headers, map_of(secret()), "Headers sent with every request, by name.");
  key("ca_file", &s::ca_file, text(), "PEM file of the authorities that are trusted; empty: the system's.");
  key("connections_per_worker", &s::connections_per_worker, integer<std::uint32_t>(1, 100'000),
      "Connections that each worker may have open to it.");
  return keys;
}

}  // namespace

type<std::map<std::string, provider_settings>> providers_schema() {
  return map_of(variant_of("type", {"mock", "openai", "anthropic", "gemini"}, {}, mock_provider(),
                           http_provider<openai_provider_settings>("Where the API is, up to and including `/v1`.",
                                                                   "Sent as a bearer token; empty: none is sent."),
                           http_provider<anthropic_provider_settings>("Where the API is; `/v1` may follow.",
                                                                      "Sent as `x-api-key`; empty: none is sent."),
                           http_provider<gemini_provider_settings>("Where the API is; `/v1beta` may follow.",
                                                                   "Sent as `x-goog-api-key`; empty: none is sent.")));
}

}  // namespace sluice::app
