// What a process has used by its own accounting, out of /proc.
#pragma once

#include <cstdint>
#include <vector>

namespace sluice::bench {

struct process_usage {
  double cpu_s = 0;             ///< user and system, all threads
  std::uint64_t rss_bytes = 0;  ///< resident now
};

/// All zero if `pid` is 0. Throws std::runtime_error if there is no such process.
process_usage measure_process(int pid);

/// The sum of several.
process_usage measure_processes(const std::vector<int>& pids);

/// What the kernel's own objects take on the whole machine: its share of a socket, of both ends, shows here, and what
/// other processes allocate meanwhile hardly does.
std::uint64_t kernel_memory_bytes();

}  // namespace sluice::bench
