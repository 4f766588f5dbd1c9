#include "app/config_commands.hpp"

#include <algorithm>
#include <iterator>

#include "app/named_files.hpp"
#include "config/print.hpp"

namespace sluice::app {
namespace {

constexpr std::string_view reference_head = R"(# Configuration

Written by `sluice config reference`; a test keeps it current.

Sluice reads `sluice.yaml` in the working directory, `/etc/sluice/sluice.yaml`, or the file that `--config` or
`SLUICE_CONFIG` names. Flags go before environment variables, these before the file, and the file before the defaults
below. `sluice config check` says what is wrong with a configuration, `sluice config print --effective` what it comes to
and where each value was set; `sluice config schema` is for editors.

- Durations are written as `250ms`, `30s`, `5m`, `2h`, `1d`; sizes as `4096`, `64KiB`, `10MiB`.
- `${NAME}` stands for an environment variable, `${NAME:-text}` for it or `text` where it is unset or empty,
  `${file:/run/secrets/name}` for a file's content, `$${` for a literal `${`. Inside `{…}` and `[…]` a
  reference needs quotes: `{api_key: "${KEY}"}`.
- Every key has an environment variable: `server.listen` is `SLUICE_SERVER__LISTEN`, and `api_key` of a provider called
  `openai` is `SLUICE_PROVIDERS__OPENAI__API_KEY`. Lists and maps are written as inline YAML:
  `SLUICE_SERVER__ALLOWED_ORIGINS='["https://chat.example.org"]'`. `sluice config env` lists them.
)";

}  // namespace

void report(const config::problems& wrong, std::ostream& err) {
  for (const config::problem& each : wrong)
    err << to_string(each) << '\n';
}

int config_check(const settings_sources& from, std::ostream& out, std::ostream& err) {
  const auto loaded = load_settings(from);
  if (!loaded) {
    report(loaded.error(), err);
    return exit_configuration;
  }
  auto wrong = loaded->idle_variables;
  std::ranges::move(check_named_files(loaded->told, loaded->document), std::back_inserter(wrong));
  if (!wrong.empty()) {
    report(wrong, err);
    return exit_configuration;
  }
  for (const std::string& each : loaded->notices)
    out << "notice: " << each << '\n';
  out << "ok: " << (loaded->file.empty() ? "no file, the defaults for trying out" : loaded->file) << '\n';
  return exit_fine;
}

int config_print(const settings_sources& from, const print_options& how, std::ostream& out, std::ostream& err) {
  const auto loaded = load_settings(from);
  if (!loaded) {
    report(loaded.error(), err);
    return exit_configuration;
  }
  config::value shown = config::with_origins(settings_schema().show(loaded->told), loaded->document);
  if (!how.effective) shown = config::without_defaults(std::move(shown));
  if (how.json) {
    out << (how.effective ? config::to_json_with_origins(shown) : config::to_json(shown));
  } else {
    out << config::to_yaml(shown, how.effective);
  }
  return exit_fine;
}

int config_schema(std::ostream& out) {
  out << config::json_schema(*settings_schema().what, "Configuration of Sluice", "urn:sluice:configuration");
  return exit_fine;
}

int config_env(std::ostream& out) {
  out << config::environment_text(*settings_schema().what, environment_prefix);
  return exit_fine;
}

int config_reference(std::ostream& out) {
  out << reference_head << config::reference_markdown(*settings_schema().what, environment_prefix);
  return exit_fine;
}

}  // namespace sluice::app
