// The groups of shared state within one process.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "state/shared_state.hpp"

namespace sluice::state {

/// Any thread. What has ended goes with the next call to its group, or by `sweep`.
class member_table {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::size_t groups_max = 1024;

  result<void> enlist(const std::string& group, member one, time_point now, time_point end);
  bool delist(const std::string& group, const std::string& name, time_point now);
  std::vector<member> list(const std::string& group, time_point now);
  void sweep(time_point now);

 private:
  struct entry {
    std::string value;
    time_point end;
  };
  using members = std::map<std::string, entry>;
  /// Without those that have ended; the end of the table if there is nobody left.
  std::map<std::string, members>::iterator find(const std::string& group, time_point now);

  std::mutex mutex_;
  std::map<std::string, members> groups_;
};

}  // namespace sluice::state
