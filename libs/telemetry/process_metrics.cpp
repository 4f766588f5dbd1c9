#include "telemetry/process_metrics.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

namespace sluice::telemetry {
namespace {

enum class memory { all, resident };

// /proc/self/statm: pages of all memory, then of what is resident (proc(5)).
double memory_bytes(memory which) {
  std::ifstream from("/proc/self/statm");
  double all = 0;
  double resident = 0;
  from >> all >> resident;
  return (which == memory::all ? all : resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& of) {
    return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double open_files() {
  std::error_code gone;
  double count = -1;  // for the one that looks
  for (std::filesystem::directory_iterator each("/proc/self/fd", gone), end; !gone && each != end;
       each.increment(gone)) {
    ++count;
  }
  return std::max(count, 0.0);
}

double open_files_max() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

double threads() {
  std::ifstream from("/proc/self/status");
  for (std::string word; from >> word;) {
    if (word != "Threads:") continue;
    double count = 0;
    from >> count;
    return count;
  }
  return 0;
}

}  // namespace

std::vector<process_metric> process_metrics() {
  using std::chrono::duration;
  const auto started = std::chrono::steady_clock::now();
  const double started_at = duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return {
      {names::process_resident_bytes, false, [] { return memory_bytes(memory::resident); }},
      {names::process_virtual_bytes, false, [] { return memory_bytes(memory::all); }},
      {names::process_cpu_seconds, true, cpu_seconds},
      {names::process_open_files, false, open_files},
      {names::process_open_files_max, false, open_files_max},
      {names::process_threads, false, threads},
      {names::process_start_seconds, false, [started_at] { return started_at; }},
      {names::uptime_seconds, false,
       [started] { return duration<double>(std::chrono::steady_clock::now() - started).count(); }},
  };
}

}  // namespace sluice::telemetry
