// What Anthropic's Messages API answers, from a log: the events of a stream, or one message. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/faces/answering.hpp"

namespace sluice::gateway::anthropic {

/// Writes one answer. Source: the `Message` and `RawMessageStreamEvent` types of Anthropic's SDK. The answer is a list
/// of content blocks, one after the other: text, thinking with its signature, calls of tools, and what else an
/// Anthropic provider brought. Other choices than the first have no place in it.
class message_reply final : public answer_writer {
 public:
  message_reply(std::string_view generation_id, std::string_view model);

  void append_delta(std::string& out, const generation::log& source, const generation::run& found) override;
  void append_end(std::string& out, const generation::finish& how, std::uint64_t seq) override;
  void append_failure(std::string& out, const error& problem, std::uint64_t seq) override;
  /// A `ping`, as Anthropic sends them.
  void append_sign_of_life(std::string& out) override;
  std::string whole(const generation::log& source) override;

 private:
  enum class block : std::uint8_t { none, text, thinking, tools };
  struct tool_block {
    std::uint32_t call;   // the provider's index
    std::uint32_t index;  // of the block
  };

  void begin_event(std::string& out, std::string_view name, std::uint64_t seq) const;
  void open_message(std::string& out, std::uint64_t seq);
  void open_block(std::string& out, block kind, std::uint64_t seq);
  void begin_block(std::string& out, std::uint64_t seq);
  void close_blocks(std::string& out, std::uint64_t seq);
  void append_block_delta(std::string& out, std::uint32_t index, std::string_view type, std::string_view field,
                          std::uint64_t seq) const;
  void append_tool_call(std::string& out, std::string_view bytes, std::uint64_t seq);
  void append_whole_block(std::string& out, std::string_view block, std::uint64_t seq);
  void append_message_head(std::string& out) const;

  std::string generation_id_;
  std::string model_;
  bool opened_ = false;
  block open_ = block::none;
  std::uint32_t next_index_ = 0;   // of the block that begins next
  std::vector<tool_block> tools_;  // the calls whose blocks are open: their pieces may take turns
  bool has_tools_ = false;
};

}  // namespace sluice::gateway::anthropic
