// What must fit together: names that are defined, addresses that are safe.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "app/settings.hpp"
#include "config/description.hpp"
#include "http/server.hpp"
#include "state/redis_address.hpp"

namespace sluice::app {
namespace {

class checker {
 public:
  checker(const settings& told, const config::value& document) : told_(told), document_(document) {}

  config::problems run() {
    check_tokens();
    check_state();
    check_sessions();
    check_tls();
    check_keys();
    check_providers();
    check_models();
    check_default_model();
    std::ranges::move(check_rate_limits(told_.limits, document_), std::back_inserter(wrong_));
    return std::move(wrong_);
  }

 private:
  void add(const std::string& path, std::string message) {
    wrong_.push_back({config::origin_of(document_, path), std::move(message)});
  }

  void check_tokens() {
    const auto& auth = told_.auth;
    const std::string path = "auth.insecure_tokens";
    for (std::size_t i = 0; i < auth.insecure_tokens.size(); ++i) {
      if (auth.insecure_tokens[i].empty()) add(fmt::format("{}[{}]", path, i), path + ": a token must not be empty");
    }
    const auto listen = http::parse_listen_address(told_.server.listen);
    if (auth.insecure_tokens.empty() || auth.insecure_anywhere || !listen || listen->address().is_loopback()) return;
    add(path, fmt::format("auth.insecure_tokens are refused because others can connect to {}: listen on 127.0.0.1, set "
                          "auth.insecure_tokens to [] and use auth.keys, or set auth.insecure_anywhere to true",
                          told_.server.listen));
  }

  // Not by the schema, whose messages repeat what was written: there may be a password in it.
  void check_state() {
    if (told_.state.url == state_in_memory) return;
    if (const auto at = state::parse_redis_url(told_.state.url); !at)
      add("state.url", "state.url: " + at.error().message);
  }

  void check_sessions() {
    if (told_.auth.refresh_ttl < told_.auth.token_ttl)
      add("auth.refresh_ttl", "auth.refresh_ttl must not be shorter than auth.token_ttl");
  }

  void check_tls() {
    const tls_settings& tls = told_.server.tls;
    if (tls.certificate.empty() != tls.key.empty())
      add("server.tls", "server.tls needs both certificate and key, or neither");
    const service_tls_settings& services = told_.services.tls;
    if (services.certificate.empty() != services.key.empty())
      add("services.tls", "services.tls needs both certificate and key, or neither");
  }

  void check_keys() {
    std::set<std::string> names;
    std::set<std::string> hashes;
    for (std::size_t i = 0; i < told_.auth.keys.size(); ++i) {
      const api_key_settings& key = told_.auth.keys[i];
      const std::string path = fmt::format("auth.keys[{}]", i);
      if (!names.insert(key.name).second) add(path + ".name", fmt::format("the key \"{}\" is defined twice", key.name));
      if (!hashes.insert(key.sha256).second)
        add(path + ".sha256", fmt::format("the key \"{}\" is the same as another one", key.name));
    }
  }

  void check_providers() {
    for (const auto& [name, provider] : told_.providers) {
      const std::string path = "providers." + name;
      if (name.find('/') != std::string::npos)
        add(path, fmt::format("the provider's name \"{}\" must not have a slash: it stands before one in "
                              "\"provider/model\"",
                              name));
      if (const auto* openai = std::get_if<openai_provider_settings>(&provider)) check_headers(path, *openai);
      if (const auto* anthropic = std::get_if<anthropic_provider_settings>(&provider)) check_headers(path, *anthropic);
      if (const auto* gemini = std::get_if<gemini_provider_settings>(&provider)) check_headers(path, *gemini);
    }
  }

  void check_headers(const std::string& path, const http_provider_settings& provider) {
    // RFC 9110, section 5.1: a field's name is a token.
    constexpr std::string_view token_marks = "!#$%&'*+-.^_`|~";
    const auto is_token = [&](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             token_marks.find(c) != std::string_view::npos;
    };
    const auto breaks_line = [](const secret_string& text) {
      return text.reveal().find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
    };
    for (const auto& [name, content] : provider.headers) {
      if (name.empty() || !std::ranges::all_of(name, is_token))
        add(path + ".headers", fmt::format("\"{}\" cannot be the name of a header", name));
      if (breaks_line(content))
        add(path + ".headers." + name, fmt::format("{}.headers.{} has a line break", path, name));
    }
    if (breaks_line(provider.api_key)) add(path + ".api_key", path + ".api_key has a line break");
  }

  void check_models() {
    std::set<std::string> names;
    for (std::size_t i = 0; i < told_.models.size(); ++i) {
      const model_settings& model = told_.models[i];
      const std::string path = fmt::format("models[{}]", i);
      if (!names.insert(model.name).second)
        add(path + ".name", fmt::format("the model \"{}\" is defined twice", model.name));
      std::uint64_t weight = 0;
      for (std::size_t j = 0; j < model.targets.size(); ++j) {
        check_target(fmt::format("{}.targets[{}].provider", path, j), model.targets[j]);
        weight += model.targets[j].weight;
      }
      if (model.targets.empty()) {
        add(path + ".targets", fmt::format("the model \"{}\" has no targets", model.name));
      } else if (weight == 0) {
        add(path + ".targets", fmt::format("the model \"{}\" has no target with a weight above 0", model.name));
      }
      for (std::size_t j = 0; j < model.fallback.size(); ++j)
        check_fallback(fmt::format("{}.fallback[{}]", path, j), model, model.fallback[j]);
    }
  }

  void check_fallback(const std::string& path, const model_settings& of, const std::string& name) {
    if (name == of.name) return add(path, fmt::format("the model \"{}\" cannot stand in for itself", name));
    check_model_name(path, name);
  }

  // A model of the list, or any of a provider's own.
  void check_model_name(const std::string& path, const std::string& name) {
    std::vector<std::string_view> names;
    for (const model_settings& each : told_.models) {
      if (each.name == name) return;
      names.push_back(each.name);
    }
    const std::size_t slash = name.find('/');
    if (slash != std::string::npos && slash + 1 < name.size() && told_.providers.contains(name.substr(0, slash)))
      return;
    add(path, fmt::format("{}: no model is called \"{}\"{}", path, name, suggestion(name, names)));
  }

  void check_target(const std::string& path, const target_settings& target) {
    if (target.provider.empty() || told_.providers.contains(target.provider)) return;
    std::vector<std::string_view> names;
    for (const auto& [name, ignored] : told_.providers)
      names.push_back(name);
    add(path, fmt::format("no provider is called \"{}\"{}", target.provider, suggestion(target.provider, names)));
  }

  void check_default_model() {
    if (!told_.default_model.empty()) check_model_name("default_model", told_.default_model);
  }

  static std::string suggestion(std::string_view typed, const std::vector<std::string_view>& names) {
    const std::string_view meant = config::nearest(typed, names);
    return meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant);
  }

  const settings& told_;
  const config::value& document_;
  config::problems wrong_;
};

}  // namespace

config::problems check_settings(const settings& told, const config::value& document) {
  return checker(told, document).run();
}

}  // namespace sluice::app
