#include "app/load_settings.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "config/document.hpp"

namespace sluice::app {
namespace {

constexpr std::string_view config_variable = "SLUICE_CONFIG";
constexpr std::string_view token_variable = "SLUICE_TOKEN";  // of `sluice chat`

// What there is without a file: for `serve` enough to try everything out on this machine.
constexpr std::string_view first_door = R"(
server: {listen: "127.0.0.1:8080", allow_query_token: true}
auth: {insecure_tokens: ["123"]}
)";
constexpr std::string_view first_providers = R"(
models: [{name: mock, targets: [{provider: mock}]}]
default_model: mock
providers:
  mock: {type: mock, delay_ms: 20}
)";
constexpr std::string_view first_anthropic = R"(
  anthropic:
    type: anthropic
    base_url: "${ANTHROPIC_BASE_URL:-https://api.anthropic.com}"
    api_key: "${ANTHROPIC_API_KEY:-}"
)";
constexpr std::string_view first_gemini = R"(
  gemini:
    type: gemini
    base_url: "${GOOGLE_GEMINI_BASE_URL:-https://generativelanguage.googleapis.com}"
    api_key: "${GEMINI_API_KEY:-}"
)";
constexpr std::string_view first_openai = R"(
  openai: {type: openai, base_url: "${OPENAI_BASE_URL:-https://api.openai.com/v1}", api_key: "${OPENAI_API_KEY:-}"}
)";

bool has(const config::environment& variables, std::string_view name) {
  const std::string* set = config::find(variables, name);
  return set && !set->empty();
}

// The file to read, or nothing if there is none; the user's own choice must exist.
std::string choose_file(const settings_sources& from) {
  if (!from.config_file.empty()) return from.config_file;
  if (const std::string* named = config::find(from.environment, config_variable); named && !named->empty())
    return *named;
  for (const std::string& each : from.searched_files) {
    std::error_code ignored;
    if (std::filesystem::exists(each, ignored)) return each;
  }
  return {};
}

std::string without_file(role_name of, const config::environment& variables) {
  std::string text;
  if (of == role_name::serve) text += first_door;
  if (of != role_name::serve && of != role_name::agent) return "{}";
  text += first_providers;
  // Servers of one's own often want no key.
  if (has(variables, "OPENAI_API_KEY") || has(variables, "OPENAI_BASE_URL")) text += first_openai;
  if (has(variables, "ANTHROPIC_API_KEY") || has(variables, "ANTHROPIC_BASE_URL")) text += first_anthropic;
  if (has(variables, "GEMINI_API_KEY") || has(variables, "GOOGLE_GEMINI_BASE_URL")) text += first_gemini;
  return text;
}

std::vector<std::string> make_notices(const loaded_settings& loaded) {
  std::vector<std::string> notices;
  if (!loaded.told.auth.insecure_tokens.empty())
    notices.emplace_back("insecure tokens are accepted (auth.insecure_tokens): for trying out, not for others to use");
  return notices;
}

telemetry::trace_settings make_trace_settings(const trace_keys& told, role_name of) {
  telemetry::trace_settings made;
  made.endpoint = told.endpoint;
  made.protocol = told.protocol;
  if (told.ratio < 1) made.sample = {.roots = telemetry::sampling::rule::share, .ratio = told.ratio};
  made.shows.content = told.content;
  made.service_name = of == role_name::serve ? "sluice" : fmt::format("sluice-{}", to_string(of));
  return made;
}

}  // namespace

std::expected<loaded_settings, config::problems> load_settings(const settings_sources& from, role_name of) {
  loaded_settings loaded;
  loaded.file = choose_file(from);
  std::string text = without_file(of, from.environment);
  if (!loaded.file.empty()) {
    auto content = from.read(loaded.file);
    if (!content) {
      config::problems wrong;
      wrong.push_back({{.from = config::source::file, .name = loaded.file}, "cannot be read: " + content.error()});
      return std::unexpected(std::move(wrong));
    }
    text = std::move(*content);
  }
  auto document = config::parse_document(text, loaded.file.empty() ? "(no file)" : loaded.file,
                                         {.variables = from.environment, .read = from.read});
  if (!document) return std::unexpected(std::move(document.error()));

  const config::overrides over{.prefix = std::string(environment_prefix),
                               .others = {std::string(config_variable), std::string(token_variable)},
                               .variables = from.environment,
                               .flags = from.flags};
  auto read = config::load(settings_schema(), std::move(*document), over);
  if (!read) return std::unexpected(std::move(read.error()));
  const config::value* const server = read->document.find("server");
  if (server == nullptr || server->find("listen") == nullptr) read->settings.server.listen = default_listen(of);
  if (read->document.find("limits") == nullptr) read->settings.limits = default_rate_limits(read->settings.server);
  if (auto wrong = check_settings(read->settings, read->document); !wrong.empty()) {
    config::sort(wrong);
    return std::unexpected(std::move(wrong));
  }
  loaded.told = std::move(read->settings);
  loaded.document = std::move(read->document);
  loaded.notices = make_notices(loaded);
  loaded.traces = telemetry::apply_environment(
      make_trace_settings(loaded.told.telemetry.traces, of),
      [&from](std::string_view name) { return config::find(from.environment, name); }, loaded.notices);
  loaded.idle_variables = config::idle_variables(over, *settings_schema().what);
  std::erase_if(loaded.idle_variables,
                [&text](const config::problem& each) { return text.contains("${" + each.at.name); });
  return loaded;
}

}  // namespace sluice::app
