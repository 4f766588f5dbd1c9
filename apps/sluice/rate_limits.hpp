// What the key `limits` can say.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "config/schema.hpp"

namespace sluice::app {

struct server_settings;

enum class limited_by : std::uint8_t { address, user, key, global };
enum class limited_operation : std::uint8_t { request, chat };

struct limit_match_settings {
  std::string path;    ///< empty: any
  std::string method;  ///< empty: any
  limited_operation operation = limited_operation::request;
};

struct rate_limit_settings {
  std::string name;
  limit_match_settings match;
  limited_by by = limited_by::address;
};
struct bucket_limit_settings : rate_limit_settings {
  double rate = 1;
  std::uint32_t burst = 1;
};
struct window_limit_settings : rate_limit_settings {
  std::uint32_t limit = 1;
  std::chrono::milliseconds per{1000};
};
using rate_limit = std::variant<bucket_limit_settings, window_limit_settings>;

const rate_limit_settings& common_of(const rate_limit& one);

config::type<std::vector<rate_limit>> rate_limits_schema();
/// What is wrong between keys that are each right by themselves.
config::problems check_rate_limits(const std::vector<rate_limit>& all, const config::value& document);
/// Where the configuration does not say `limits`: where others can connect, sign-ins and registrations of one address.
std::vector<rate_limit> default_rate_limits(const server_settings& server);

}  // namespace sluice::app
