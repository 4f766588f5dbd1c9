#include "bench/loadgen/process_meter.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace sluice::bench {

namespace {

// The scheduler's own clock per thread, in nanoseconds; /proc/PID/stat counts only ticks of 10 ms.
double threads_cpu_s(const std::string& process) {
  double total_ns = 0;
  for (const auto& thread : std::filesystem::directory_iterator(process + "/task")) {
    std::ifstream file(thread.path() / "schedstat");
    double on_cpu_ns = 0;
    if (file >> on_cpu_ns) total_ns += on_cpu_ns;
  }
  return total_ns / 1e9;
}

double ticks_cpu_s(const std::string& process) {
  std::ifstream file(process + "/stat");
  std::string text;
  std::getline(file, text);
  // The name in parentheses may hold anything, so fields are counted from its end; user and system are 14 and 15.
  std::size_t position = text.rfind(')');
  if (position == std::string::npos) throw std::runtime_error("no process " + process);
  for (int field = 2; field < 14; ++field)
    position = text.find(' ', position + 1);
  std::size_t end = 0;
  const double user = std::stod(text.substr(position), &end);
  const double system = std::stod(text.substr(position + end));
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

std::uint64_t kilobytes_of(const std::string& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(name)) return std::stoull(line.substr(name.size())) * 1024;
  return 0;
}

}  // namespace

process_usage measure_process(int pid) {
  if (pid == 0) return {};
  const std::string process = "/proc/" + std::to_string(pid);
  if (!std::filesystem::exists(process)) throw std::runtime_error("there is no process " + std::to_string(pid));
  const double fine = threads_cpu_s(process);
  return {.cpu_s = fine > 0 ? fine : ticks_cpu_s(process), .rss_bytes = kilobytes_of(process + "/status", "VmRSS:")};
}

process_usage measure_processes(const std::vector<int>& pids) {
  process_usage together;
  for (const int pid : pids) {
    const process_usage one = measure_process(pid);
    together.cpu_s += one.cpu_s;
    together.rss_bytes += one.rss_bytes;
  }
  return together;
}

std::uint64_t kernel_memory_bytes() {
  return kilobytes_of("/proc/meminfo", "Slab:");
}

}  // namespace sluice::bench
