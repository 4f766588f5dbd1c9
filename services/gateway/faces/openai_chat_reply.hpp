// What OpenAI's chat completions answer, from a log: chunks of a stream, or one object. No I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/faces/answering.hpp"

namespace sluice::gateway::openai {

/// Writes one answer. Source: OpenAI's `chat.completion` and `chat.completion.chunk` objects.
class chat_reply final : public answer_writer {
 public:
  /// `created`: seconds since 1970.
  chat_reply(std::string_view generation_id, std::string_view model, std::int64_t created, bool include_usage);

  void append_delta(std::string& out, const generation::log& source, const generation::run& found) override;
  /// The provider's fields of the whole response (`system_fingerprint`, `service_tier`, …) are known by then, and stand
  /// on these.
  void append_end(std::string& out, const generation::finish& how, std::uint64_t seq) override;
  void append_failure(std::string& out, const error& problem, std::uint64_t seq) override;
  std::string whole(const generation::log& source) override;

 private:
  void begin_chunk(std::string& out, std::uint64_t seq) const;
  void end_chunk(std::string& out) const;
  void open_choice(std::string& out, std::uint8_t choice, std::uint64_t seq);

  std::string generation_id_;
  std::string head_;  // of a chunk's JSON, up to the choices
  std::string model_;
  std::int64_t created_;
  bool include_usage_;
  std::vector<bool> opened_;
  std::vector<std::vector<std::uint32_t>> tool_calls_begun_;  // by choice: whose id and name were sent
};

}  // namespace sluice::gateway::openai
