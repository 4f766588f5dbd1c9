#include "app/command_line.hpp"

#include <iostream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "app/account_command_line.hpp"
#include "app/chat_command.hpp"
#include "app/config_commands.hpp"
#include "app/exit_codes.hpp"
#include "app/healthcheck.hpp"
#include "app/load_settings.hpp"
#include "app/named_files.hpp"
#include "app/roles.hpp"
#include "app/version.hpp"

namespace sluice::app {
namespace {

// Flags that stand above file and environment, by the key that they set.
struct common_flags {
  std::string config_file;
  std::string listen;
  std::string data_dir;
  std::string log_level;
  std::string log_format;

  void add_to(CLI::App& command) {
    command.add_option("--config", config_file,
                       "The configuration file (default: ./sluice.yaml, then /etc/sluice/sluice.yaml)");
    command.add_option("--listen", listen, "Address and port to listen on; port 0 picks a free one");
    command.add_option("--data", data_dir, "The folder of everything that is kept (default: ./data)");
    command.add_option("--log-level", log_level, "trace, debug, info, warning, error or off");
    command.add_option("--log-format", log_format, "text or json");
  }
  settings_sources sources() const {
    settings_sources from;
    from.config_file = config_file;
    const auto set = [&](const char* flag, const char* key, const std::string& value) {
      if (!value.empty()) from.flags.push_back({.flag = flag, .path = key, .text = value});
    };
    set("--listen", "server.listen", listen);
    set("--data", "data_dir", data_dir);
    set("--log-level", "telemetry.log_level", log_level);
    set("--log-format", "telemetry.log_format", log_format);
    return from;
  }
};

int load_and_run(role_name which, const common_flags& flags, std::ostream& out, std::ostream& err) {
  const auto loaded = load_settings(flags.sources(), which);
  if (!loaded) {
    report(loaded.error(), err);
    return exit_configuration;
  }
  if (const auto wrong = check_named_files(loaded->told, loaded->document, which); !wrong.empty()) {
    report(wrong, err);
    return exit_configuration;
  }
  return run_role(which, *loaded, out, err);
}

struct role_command {
  role_name which;
  CLI::App* command;
};

std::vector<role_command> add_roles(CLI::App& program, common_flags& flags) {
  std::vector<role_command> added;
  const auto add = [&](role_name which, const char* what) {
    CLI::App* const command = program.add_subcommand(std::string(to_string(which)), what);
    flags.add_to(*command);
    added.push_back({which, command});
  };
  add(role_name::serve, "Run everything in one process");
  add(role_name::gateway, "Run the gateway: what clients talk to");
  add(role_name::identity, "Run identity: accounts and credentials, for the other roles");
  add(role_name::agent, "Run an agent: generations, providers, conversations, for the other roles");
  add(role_name::admin, "Run the administration: its API and its page");
  return added;
}

// A command whose words did not arrive has not done what it was asked for.
int with_all_written(int code, std::ostream& out, std::ostream& err) {
  if (out.flush() || code != exit_fine) return code;
  err << "sluice: cannot write to standard output\n";
  return exit_unavailable;
}

}  // namespace

int run_command_line(int count, char** words, std::ostream& out, std::ostream& err) {
  CLI::App program("Sluice, an AI gateway", "sluice");
  program.require_subcommand(1);
  program.set_version_flag("--version", "sluice " + std::string(version));

  common_flags flags;
  const std::vector<role_command> roles = add_roles(program, flags);

  CLI::App& config_command = *program.add_subcommand("config", "Look at the configuration");
  config_command.require_subcommand(1);
  CLI::App& check = *config_command.add_subcommand("check", "Say whether it is right, and what is wrong if not");
  flags.add_to(check);
  CLI::App& print = *config_command.add_subcommand("print", "Print it, secrets masked");
  flags.add_to(print);
  print_options printing;
  print.add_flag("--effective", printing.effective, "With defaults, and where each value comes from");
  print.add_flag("--json", printing.json, "As JSON");
  CLI::App& schema = *config_command.add_subcommand("schema", "Print the JSON Schema of the file");
  CLI::App& env = *config_command.add_subcommand("env", "List the environment variables");
  CLI::App& reference = *config_command.add_subcommand("reference", "Print the reference of all keys, in Markdown");

  chat_options chatting;
  CLI::App& chat = *program.add_subcommand("chat", "Chat in the terminal");
  chat.add_option("--url", chatting.url, "Where Sluice is")->capture_default_str();
  chat.add_option("--model", chatting.model, "The model (default: the server's)");
  chat.add_option("--token", chatting.token, "Token or API key (default: $SLUICE_TOKEN)")->envname("SLUICE_TOKEN");
  chat.add_option("message", chatting.message, "Say this and leave; without it, lines of standard input");

  const account_command_line accounts(program);

  healthcheck_options health;
  CLI::App& healthcheck_command = *program.add_subcommand("healthcheck", "Ask a running Sluice whether it is ready");
  healthcheck_command.add_option("--url", health.url, "Where Sluice is")->capture_default_str();
  CLI::App& version_command = *program.add_subcommand("version", "Print the version");

  try {
    program.parse(count, words);
  } catch (const CLI::ParseError& problem) {
    const auto unknown = program.remaining(true);
    if (problem.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) && !unknown.empty()) {
      err << "sluice: there is no command \"" << unknown.front() << "\"; --help lists those that there are\n";
      return exit_usage;
    }
    return program.exit(problem, out, err) == 0 ? with_all_written(exit_fine, out, err) : exit_usage;
  }
  for (const auto& [which, command] : roles) {
    if (*command) return load_and_run(which, flags, out, err);
  }
  const auto run = [&] {
    if (check) return config_check(flags.sources(), out, err);
    if (print) return config_print(flags.sources(), printing, out, err);
    if (schema) return config_schema(out);
    if (env) return config_env(out);
    if (reference) return config_reference(out);
    if (chat) return run_chat(chatting, out, err);
    if (accounts.chosen()) return run_account_request(accounts.request(), std::cin, out, err);
    if (healthcheck_command) return run_healthcheck(health, out, err);
    if (version_command) {
      out << "sluice " << version << '\n';
      return exit_fine;
    }
    return exit_usage;
  };
  return with_all_written(run(), out, err);
}

}  // namespace sluice::app
