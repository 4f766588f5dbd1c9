// Which service a process is.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::app {

enum class role_name : std::uint8_t {
  serve,  ///< all of them in one process
  gateway,
  identity,
  agent,
  admin,
};

constexpr std::string_view to_string(role_name value) {
  switch (value) {
    case role_name::serve:
      return "serve";
    case role_name::gateway:
      return "gateway";
    case role_name::identity:
      return "identity";
    case role_name::agent:
      return "agent";
    case role_name::admin:
      return "admin";
  }
  return "serve";
}

/// Where it listens unless it is told.
constexpr std::string_view default_listen(role_name value) {
  switch (value) {
    case role_name::identity:
      return "0.0.0.0:50051";
    case role_name::agent:
      return "0.0.0.0:50052";
    case role_name::admin:
      return "0.0.0.0:8081";
    case role_name::serve:
    case role_name::gateway:
      break;
  }
  return "0.0.0.0:8080";
}

}  // namespace sluice::app
