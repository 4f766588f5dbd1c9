// The built-in provider: answers without a model, one character per delta, and misbehaves when told to.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "agent/provider.hpp"

namespace sluice::agent {

enum class mock_fault : std::uint8_t {
  none,
  refuse,      ///< unavailable, before the first delta
  rate_limit,  ///< rate_limited with a retry_after, before the first delta
  stall,       ///< says nothing more after `fault_after` deltas, until `stall_limit` passes: timed_out
  cut,         ///< breaks off after `fault_after` deltas: bad_gateway
};

struct mock_settings {
  std::string name = "mock";
  std::chrono::milliseconds delay{20};       ///< between two characters; 0: as fast as possible
  std::chrono::milliseconds first_delay{0};  ///< before the first one
  bool reasoning = true;                     ///< think aloud before answering
  mock_fault fault = mock_fault::none;
  std::uint64_t fault_after = 0;  ///< deltas
  std::chrono::milliseconds stall_limit{30'000};
};

/// Says what it was told, so that a reader can check it: reasoning first, then `You said: "…"` with the last user
/// message. A delta is one code point; usage counts code points. Keeps to `max_output_tokens` and `stop`.
class mock final : public provider {
 public:
  explicit mock(mock_settings told) : settings_(std::move(told)) {}
  std::string_view name() const override { return settings_.name; }
  std::string_view kind() const override { return "sluice.mock"; }
  task<result<void>> generate(const generation::request& asked, std::string_view model, provider_output& out) override;
  /// As many numbers as asked for, else 256, of length 1; the same for the same words, in whatever order.
  task<result<generation::embeddings>> embed(const generation::embedding_request& asked,
                                             std::string_view model) override;
  task<result<std::int64_t>> count_tokens(const generation::request& asked, std::string_view model) override;

 private:
  mock_settings settings_;
};

}  // namespace sluice::agent
