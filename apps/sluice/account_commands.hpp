// `sluice user …`, `sluice key …`: accounts, straight on the database, also while a server works on it.
#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "app/load_settings.hpp"
#include "identity/identity_service.hpp"

namespace sluice::app {

enum class account_verb : std::uint8_t {
  user_add,
  user_list,
  user_passwd,
  user_role,
  user_disable,
  user_enable,
  key_create,
  key_list,
  key_revoke,
};

struct account_request {
  account_verb verb = account_verb::user_list;
  settings_sources from;
  std::string username;
  identity::role role = identity::role::user;
  std::string key_name;
  std::string key_id;
  bool json = false;  ///< what is printed, as one JSON value
};

/// Passwords are asked for on the terminal, twice and without echo, or are the first line of `in` where that is not a
/// terminal; never an argument, which everybody on the machine could read. A key is printed alone on a line of `out`.
/// Returns 2 where the request cannot be (a name that is taken, not there or no name, a weak password, the last admin),
/// 69 if the database is not to be had, 78 for a bad configuration.
int run_account_request(const account_request& asked, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace sluice::app
