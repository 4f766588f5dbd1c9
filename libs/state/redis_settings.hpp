// What a client of Redis is told.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "state/redis_address.hpp"
#include "state/redis_protocol.hpp"

namespace sluice::state {

struct redis_settings {
  redis_address at;
  std::string authorities_file;            ///< PEM; whom to believe beside the system's authorities
  std::string prefix = "sluice:";          ///< of every key and channel; has no '{', which means something to a Cluster
  std::chrono::milliseconds timeout{500};  ///< for an answer, from the moment it is asked for
  std::chrono::milliseconds connect_timeout{2'000};  ///< TLS and sign-in included
  std::chrono::milliseconds retry_min{100};  ///< between two attempts to connect; doubles, and is drawn at random
  std::chrono::milliseconds retry_max{2'000};
  std::chrono::milliseconds ping_interval{5'000};  ///< for who only listens
  std::size_t calls_max = 10'000;                  ///< that wait for an answer; more are refused at once
  std::size_t bytes_max = std::size_t{64} << 20;   ///< of those that are yet to be sent
  redis_reply_limits replies;
};

}  // namespace sluice::state
