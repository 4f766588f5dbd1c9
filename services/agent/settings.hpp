// What the agent's rules can be told. Filled from the configuration by whoever wires it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::agent {

struct target_settings {
  std::string provider;
  std::string model;  ///< the provider's own name of it; empty: the name that was asked for
  std::uint32_t weight = 1;
};

inline constexpr std::uint64_t default_context_tokens = 128'000;

struct model_settings {
  std::string name;
  std::vector<target_settings> targets;
  /// Models, or "provider/model", whose targets are asked after these have failed; their own fallbacks are not.
  std::vector<std::string> fallback = {};
  std::uint64_t context_tokens = default_context_tokens;  ///< question, history and answer together
};

/// How often and when a target is asked again for one answer: see `attempt_plan`.
struct retry_settings {
  std::uint32_t attempts = 2;  ///< of each target, the first one included
  std::chrono::milliseconds base_delay{250};
  std::chrono::milliseconds max_delay{5'000};
};

struct settings {
  std::vector<model_settings> models;
  std::string default_model;
  retry_settings retry;
  std::chrono::milliseconds grace{300'000};          ///< how long an ended log stays for late cursors
  std::chrono::milliseconds orphan_timeout{60'000};  ///< how long a generation runs with nobody following it
  std::uint64_t log_bytes_max = 16ULL << 20;         ///< of one answer
  std::uint64_t ended_bytes_max = 1ULL << 30;        ///< of all ended logs together; past that the oldest leave early
  std::uint32_t live_per_user_max = 256;
};

}  // namespace sluice::agent
