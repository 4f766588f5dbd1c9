// Announcements within one process.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "state/shared_state.hpp"

namespace sluice::state {

/// Hands announcements to who listens in this process. Any thread. Who does not keep up hears, once, that it missed
/// some: nobody's queue grows past `waiting_max`.
class announcement_board {
 public:
  static constexpr std::size_t waiting_max = 1024;

  std::unique_ptr<subscription> subscribe(executor on, std::vector<std::string> topics);
  void announce(const std::string& topic, const std::string& text);
  /// Tells everybody that some may have been lost.
  void admit_gap();

 private:
  struct mailbox;
  class reader;
  std::vector<std::shared_ptr<mailbox>> listeners();

  std::mutex mutex_;
  std::vector<std::weak_ptr<mailbox>> mailboxes_;
};

}  // namespace sluice::state
