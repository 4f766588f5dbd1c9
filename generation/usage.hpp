// What a generation consumed, in the kinds that providers bill.
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice::generation {

/// Where the numbers come from: said by the provider, counted by us from what passed, or a guess from lengths.
enum class usage_source : std::uint8_t { provider, counted, estimated };

std::string_view to_string(usage_source source);

/// Token counts. Totals include their parts: `cached_tokens` and `cache_write_tokens` are within `input_tokens`,
/// `reasoning_tokens` within `output_tokens`. A provider that counts otherwise (Anthropic excludes what was cached,
/// Gemini counts thoughts beside the candidates) is brought to this form by its translator.
struct usage {
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;       ///< input that was read from the provider's cache
  std::int64_t cache_write_tokens = 0;  ///< input that was written to the provider's cache
  std::int64_t input_audio_tokens = 0;
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;
  std::int64_t output_audio_tokens = 0;
  std::int64_t accepted_prediction_tokens = 0;
  std::int64_t rejected_prediction_tokens = 0;
  usage_source source = usage_source::estimated;

  std::int64_t total_tokens() const { return input_tokens + output_tokens; }
  bool operator==(const usage&) const = default;
};

}  // namespace sluice::generation
