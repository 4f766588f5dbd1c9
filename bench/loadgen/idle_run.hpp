// Many WebSockets that do nothing: what one costs in memory.
#pragma once

#include <cstdint>
#include <string>

#include <netinet/in.h>

#include "bench/loadgen/process_meter.hpp"

namespace sluice::bench {

struct idle_settings {
  sockaddr_in address{};
  std::string host;
  std::string path;
  std::string key;
  std::string protocol;  ///< offered subprotocol, or empty
  std::uint32_t sockets = 15000;
  std::uint32_t sockets_per_source = 200;  ///< own addresses out of 127.0.0.0/8
  std::uint32_t opening_max = 128;         ///< upgrades under way at once
  double settle_s = 2;                     ///< after the last upgrade, before memory is read
  double timeout_s = 60;                   ///< for all upgrades together
  int pid = 0;
};

struct idle_result {
  std::uint32_t open = 0;  ///< still open when memory was read
  double opening_s = 0;
  process_usage before, after;
  std::uint64_t kernel_before_bytes = 0;  ///< of the machine
  std::uint64_t kernel_after_bytes = 0;
  std::string failure;  ///< empty if all went well
};

idle_result run_idle(const idle_settings& settings);

}  // namespace sluice::bench
