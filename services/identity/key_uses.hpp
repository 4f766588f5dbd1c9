// When API keys were last used, gathered and written together.
#pragma once

#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "identity/user_store.hpp"

namespace sluice::identity {

/// Bounded by the keys that are used between two writes, which `verified_credentials` lets through once a minute each.
/// Any thread.
class key_uses {
 public:
  void note(const std::string& key_id, time_point at) {
    const std::scoped_lock lock(lock_);
    waiting_.insert_or_assign(key_id, at);
  }
  /// Takes what has gathered.
  std::vector<key_use> take() {
    std::unordered_map<std::string, time_point> taken;
    {
      const std::scoped_lock lock(lock_);
      taken.swap(waiting_);
    }
    std::vector<key_use> uses;
    uses.reserve(taken.size());
    for (const auto& [key_id, at] : taken)
      uses.push_back({.key_id = key_id, .at = at});
    return uses;
  }

 private:
  std::mutex lock_;
  std::unordered_map<std::string, time_point> waiting_;
};

}  // namespace sluice::identity
