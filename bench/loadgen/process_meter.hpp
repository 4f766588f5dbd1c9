// What a process has used by its own accounting, out of /proc.
#pragma once

#include <cstdint>

namespace sluice::bench {

struct process_usage {
  double cpu_s = 0;             ///< user and system, all threads
  std::uint64_t rss_bytes = 0;  ///< resident now
};

/// All zero if `pid` is 0. Throws std::runtime_error if there is no such process.
process_usage measure_process(int pid);

/// Memory that the whole machine could still give, in bytes: the kernel's share of a socket shows only here.
std::uint64_t available_memory_bytes();

}  // namespace sluice::bench
