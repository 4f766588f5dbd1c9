// Anthropic's message, streamed or whole, as deltas. No I/O: `http_provider.cpp` feeds it.
// Source: `RawMessageStreamEvent` and `Message` of Anthropic's SDK.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "agent/providers/http_provider.hpp"

namespace sluice::agent {

/// Translates one answer. What becomes of its content blocks:
///
/// - text and thinking: text of that kind; signatures and citations behind what they belong to.
/// - tool_use: a tool call; the calls are counted by themselves. Its other fields stay with it.
/// - redacted_thinking, and whatever this does not know (what Anthropic's own tools did, containers): one `part` each,
///   when the block has ended: see `generation::to_json` of a content part. It is handed back in the next turn.
///
/// Usage is brought to our way of counting: input with what came from the cache and what went into it. The last word on
/// each count holds. A character whose `\\u` halves are cut across two deltas is joined; half of one becomes U+FFFD.
/// Other fields of the message and of its end are extensions of the response. `ping` and events that nobody knows yet
/// are passed over.
class anthropic_stream final : public answer_reader {
 public:
  /// `provider` is its name in messages. Both outlive this.
  anthropic_stream(json_scratch& scratch, std::string_view provider) : scratch_(scratch), provider_(provider) {}

  /// The end marker is `message_stop`.
  result<bool> feed(std::string_view data, provider_output& out) override;
  result<void> translate_whole(std::string_view json, provider_output& out) override;
  /// There is no end without `message_stop`.
  result<void> end(provider_output& out) override;

 private:
  static constexpr std::size_t blocks_max = 4096;
  enum class block_kind : std::uint8_t { none, text, thinking, tool_use, other };
  struct block {
    block_kind kind = block_kind::none;
    std::uint32_t call = 0;     // of a tool's call: which one
    boost::json::object whole;  // of another: what it is so far
    std::string partial_input;  // likewise
  };
  struct quick_delta;

  result<bool> feed_event(const boost::json::object& event, std::string_view type, std::string_view data,
                          provider_output& out);
  result<void> begin_message(const boost::json::object& message, provider_output& out);
  result<void> begin_block(std::size_t index, const boost::json::object& block, provider_output& out);
  result<void> end_block(std::size_t index, provider_output& out);
  result<void> add_delta(std::size_t index, const boost::json::object& delta, provider_output& out);
  result<void> add_text(std::size_t index, std::string_view type, std::string_view text, provider_output& out);
  result<void> add_tool_call(std::uint32_t call, std::string_view id, std::string_view name, std::string_view arguments,
                             std::string_view extensions, provider_output& out);
  result<void> append(generation::delta_kind kind, std::string_view bytes, provider_output& out);
  result<void> hold(std::size_t bytes);
  result<void> flush_half(provider_output& out);
  result<void> finish(const boost::json::object& ending, provider_output& out);
  result<void> add_fields(const boost::json::object& from, std::initializer_list<std::string_view> known,
                          provider_output& out);
  void count(const boost::json::object& message_or_delta, provider_output& out);
  std::unexpected<error> nonsense(std::string_view what, std::string_view data) const;

  json_scratch& scratch_;
  std::string_view provider_;
  std::vector<block> blocks_;
  std::size_t held_bytes_ = 0;
  std::uint32_t calls_ = 0;
  bool has_ended_ = false;  // said why it stopped
  std::int64_t fresh_tokens_ = 0;
  std::int64_t written_tokens_ = 0;
  std::int64_t cached_tokens_ = 0;
  std::int64_t output_tokens_ = 0;
  std::int64_t thinking_tokens_ = 0;
  char16_t half_ = 0;  // a leading surrogate that waits for its other half, and where
  std::size_t half_index_ = 0;
  std::string half_type_;
  std::string text_;      // unescaped text; kept for its memory
  std::string fragment_;  // an encoded tool call; likewise
};

}  // namespace sluice::agent
