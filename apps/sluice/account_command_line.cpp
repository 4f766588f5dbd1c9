#include "app/account_command_line.hpp"

#include <algorithm>

#include <CLI/CLI.hpp>

namespace sluice::app {

account_command_line::account_command_line(CLI::App& program) {
  const auto username = [this](CLI::App& command) {
    command.add_option("username", asked_.username, "Whose account")->required();
  };
  const CLI::IsMember roles({"user", "admin"});

  CLI::App& user = *program.add_subcommand("user", "Accounts: add, list, passwd, role, disable, enable");
  user.require_subcommand(1);
  CLI::App& user_add = add(user, account_verb::user_add, "add",
                           "Make an account; its password is asked for, or is read "
                           "from the first line of standard input");
  username(user_add);
  user_add.add_option("--role", role_, "user or admin")->check(roles)->capture_default_str();
  add(user, account_verb::user_list, "list", "All accounts, the oldest first");
  username(add(user, account_verb::user_passwd, "passwd", "Give it a new password; its sessions end"));
  CLI::App& user_role = add(user, account_verb::user_role, "role", "Make it a user or an admin; its sessions end");
  username(user_role);
  user_role.add_option("role", role_, "user or admin")->required()->check(roles);
  username(add(user, account_verb::user_disable, "disable", "No more sign-ins; its sessions end, its keys rest"));
  username(add(user, account_verb::user_enable, "enable", "Let it sign in again"));

  CLI::App& key = *program.add_subcommand("key", "API keys: create, list, revoke");
  key.require_subcommand(1);
  CLI::App& key_create = add(key, account_verb::key_create, "create", "Make a key; it is printed once");
  username(key_create);
  key_create.add_option("name", asked_.key_name, "What it is for")->required();
  username(add(key, account_verb::key_list, "list", "The keys of an account"));
  add(key, account_verb::key_revoke, "revoke", "End a key")
      .add_option("key_id", asked_.key_id, "Its id, key_…")
      ->required();
}

CLI::App& account_command_line::add(CLI::App& to, account_verb verb, const char* name, const char* help) {
  CLI::App& command = *to.add_subcommand(name, help);
  command.add_option("--config", config_file_,
                     "The configuration file (default: ./sluice.yaml, then /etc/sluice/sluice.yaml)");
  command.add_option("--data", data_dir_, "The folder of everything that is kept (default: ./data)");
  command.add_flag("--json", asked_.json, "Print JSON");
  commands_.emplace_back(&command, verb);
  return command;
}

bool account_command_line::chosen() const {
  return std::ranges::any_of(commands_, [](const auto& each) { return each.first->parsed(); });
}

account_request account_command_line::request() const {
  account_request asked = asked_;
  for (const auto& [command, verb] : commands_) {
    if (command->parsed()) asked.verb = verb;
  }
  asked.role = role_ == "admin" ? identity::role::admin : identity::role::user;
  asked.from.config_file = config_file_;
  if (!data_dir_.empty()) asked.from.flags.push_back({.flag = "--data", .path = "data_dir", .text = data_dir_});
  return asked;
}

}  // namespace sluice::app
