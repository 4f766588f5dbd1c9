#include "app/account_commands.hpp"

#include <algorithm>
#include <iostream>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "app/config_commands.hpp"
#include "app/exit_codes.hpp"
#include "app/run_to_end.hpp"
#include "app/storage.hpp"
#include "base/timestamp.hpp"
#include "base/utf8.hpp"
#include "identity/module.hpp"

namespace sluice::app {
namespace {

namespace json = boost::json;

// A terminal that does not show what is typed, nor ends us half-way, while this lives.
class silent_terminal {
 public:
  silent_terminal() : changed_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~silent_terminal() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  silent_terminal(const silent_terminal&) = delete;
  silent_terminal& operator=(const silent_terminal&) = delete;

 private:
  termios before_{};
  bool changed_;
};

std::string read_line(std::istream& in) {
  std::string line;
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

result<secret_string> read_password(std::istream& in, std::ostream& err) {
  if (&in != &std::cin || ::isatty(STDIN_FILENO) == 0) {
    secret_string password(read_line(in));
    if (password.empty()) return failure(error_reason::invalid_argument, "the password is the first line of the input");
    return password;
  }
  const silent_terminal silence;
  err << "Password: " << std::flush;
  secret_string password(read_line(in));
  err << "\nOnce more: " << std::flush;
  const secret_string again(read_line(in));
  err << '\n';
  if (password == again) return password;
  return failure(error_reason::invalid_argument, "the two are not the same");
}

json::object to_json(const identity::user& who) {
  return {{"id", who.id},
          {"username", who.username},
          {"role", to_string(who.role)},
          {"disabled", who.disabled},
          {"created_at", format_timestamp(who.created_at)}};
}

json::object to_json(const identity::api_key& key) {
  json::object made = {{"id", key.id},
                       {"name", key.name},
                       {"prefix", key.prefix},
                       {"created_at", format_timestamp(key.created_at)},
                       {"last_used_at", nullptr}};
  if (key.last_used_at) made["last_used_at"] = format_timestamp(*key.last_used_at);
  return made;
}

// Rows as columns, the last one as it is.
void print_table(const std::vector<std::vector<std::string>>& rows, std::ostream& out) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], count_code_points(row[i]));
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      out << row[i] << std::string(widths[i] - count_code_points(row[i]) + 2, ' ');
    out << row.back() << '\n';
  }
}

void print(const std::vector<identity::user>& users, bool as_json, std::ostream& out) {
  if (as_json) {
    json::array all;
    for (const identity::user& each : users)
      all.push_back(to_json(each));
    out << all << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"id", "username", "role", "state", "created"}};
  for (const identity::user& each : users) {
    rows.push_back({each.id, each.username, std::string(to_string(each.role)), each.disabled ? "disabled" : "enabled",
                    format_timestamp(each.created_at)});
  }
  print_table(rows, out);
}

void print(const std::vector<identity::api_key>& keys, bool as_json, std::ostream& out) {
  if (as_json) {
    json::array all;
    for (const identity::api_key& each : keys)
      all.push_back(to_json(each));
    out << all << '\n';
    return;
  }
  std::vector<std::vector<std::string>> rows = {{"id", "key", "created", "last used", "name"}};
  for (const identity::api_key& each : keys) {
    rows.push_back({each.id, each.prefix + "…", format_timestamp(each.created_at),
                    each.last_used_at ? format_timestamp(*each.last_used_at) : "never", each.name});
  }
  print_table(rows, out);
}

// One account after a change to it.
void print(const identity::user& who, std::string_view what, bool as_json, std::ostream& out) {
  if (as_json) {
    out << to_json(who) << '\n';
  } else {
    out << who.username << ' ' << what << '\n';
  }
}

void print(const identity::created_key& made, bool as_json, std::ostream& out, std::ostream& err) {
  if (as_json) {
    json::object whole = to_json(made.about);
    whole["key"] = made.key.reveal();
    out << whole << '\n';
    return;
  }
  err << made.about.id << " — this is the only time that the key is shown:\n";
  out << made.key.reveal() << '\n';
}

int report(const error& problem, std::ostream& err) {
  err << "sluice: " << problem.message << '\n';
  switch (problem.reason) {
    case error_reason::invalid_argument:
    case error_reason::not_found:
    case error_reason::conflict:
    case error_reason::too_large:
      return exit_usage;
    case error_reason::internal:
      if (!problem.detail.empty()) err << problem.detail << '\n';
      return exit_internal;
    default:
      return exit_unavailable;
  }
}

// A database that cannot be used: as `serve` says it, whatever is wrong with the file is not our bug.
int refuse(const error& problem, std::ostream& err) {
  err << "sluice: " << problem.message << '\n';
  return problem.reason == error_reason::invalid_argument ? exit_configuration : exit_unavailable;
}

// Runs the request and prints what comes of it.
result<void> carry_out(const account_request& asked, identity::administration& accounts, asio::io_context& loop,
                       std::istream& in, std::ostream& out, std::ostream& err) {
  const auto show = [&](const auto& done, auto... how) -> result<void> {
    if (!done) return std::unexpected(done.error());
    print(*done, how..., asked.json, out);
    return {};
  };
  const auto with_password = [&](auto change, std::string_view what) -> result<void> {
    auto password = read_password(in, err);
    if (!password) return std::unexpected(password.error());
    return show(run_to_end(loop, change(std::move(*password))), what);
  };
  switch (asked.verb) {
    case account_verb::user_add:
      return with_password(
          [&](secret_string password) { return accounts.add_user(asked.username, std::move(password), asked.role); },
          "can sign in now");
    case account_verb::user_passwd:
      return with_password(
          [&](secret_string password) { return accounts.set_password(asked.username, std::move(password)); },
          "has a new password and no sessions");
    case account_verb::user_list:
      return show(run_to_end(loop, accounts.list_users()));
    case account_verb::user_role:
      return show(run_to_end(loop, accounts.set_role(asked.username, asked.role)),
                  asked.role == identity::role::admin ? "is an admin" : "is a user");
    case account_verb::user_disable:
      return show(run_to_end(loop, accounts.set_disabled(asked.username, true)), "is disabled");
    case account_verb::user_enable:
      return show(run_to_end(loop, accounts.set_disabled(asked.username, false)), "is enabled");
    case account_verb::key_list:
      return show(run_to_end(loop, accounts.list_keys(asked.username)));
    case account_verb::key_revoke:
      return show(run_to_end(loop, accounts.revoke_key(asked.key_id)), "has one key less");
    case account_verb::key_create:
      break;
  }
  const auto made = run_to_end(loop, accounts.create_key(asked.username, asked.key_name));
  if (!made) return std::unexpected(made.error());
  print(*made, asked.json, out, err);
  return {};
}

}  // namespace

int run_account_request(const account_request& asked, std::istream& in, std::ostream& out, std::ostream& err) {
  const auto loaded = load_settings(asked.from);
  if (!loaded) {
    report(loaded.error(), err);
    return exit_configuration;
  }
  // The first account of a server that is yet to be started is the one thing to begin with.
  if (asked.verb != account_verb::user_add) {
    if (const auto there = require_database(loaded->told); !there) return refuse(there.error(), err);
  }
  asio::io_context loop(1);  // outlives the database, which answers on it
  const auto database = open_database(loaded->told, [&err](const std::string& notice) { err << notice << '\n'; });
  if (!database) return refuse(database.error(), err);
  const auto accounts = identity::open_administration(**database, identity::settings{});
  if (!accounts) return refuse(accounts.error(), err);
  const auto done = carry_out(asked, **accounts, loop, in, out, err);
  return done ? exit_fine : report(done.error(), err);
}

}  // namespace sluice::app
