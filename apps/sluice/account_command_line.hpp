// The words after `sluice user` and `sluice key`.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/account_commands.hpp"

namespace CLI {
class App;
}

namespace sluice::app {

/// Adds the commands to `program`; lives until that has parsed the words.
class account_command_line {
 public:
  explicit account_command_line(CLI::App& program);

  /// Whether one of the commands was given.
  bool chosen() const;
  account_request request() const;

 private:
  CLI::App& add(CLI::App& to, account_verb verb, const char* name, const char* help);

  account_request asked_;
  std::string role_ = "user";
  std::string config_file_;
  std::string data_dir_;
  std::vector<std::pair<CLI::App*, account_verb>> commands_;
};

}  // namespace sluice::app
