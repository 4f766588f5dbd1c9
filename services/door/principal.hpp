// Who a request or socket acts for.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/agent_service.hpp"

namespace sluice::door {

struct principal {
  std::string user_id;
  std::string name;
  std::string key_id;                                                    ///< empty for a token
  std::string session_id;                                                ///< empty for an API key
  std::string role;                                                      ///< "user" or "admin"
  std::optional<std::chrono::system_clock::time_point> expires_at = {};  ///< of the token
  bool fixed = false;  ///< by the configuration: there is no account, nothing to revoke
  bool operator==(const principal&) const = default;
  agent::caller caller() const { return {.user_id = user_id, .key_id = key_id}; }
};

}  // namespace sluice::door
