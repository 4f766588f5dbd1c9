// What the Gemini API answers, from a log: responses of a stream, or one. No I/O.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/faces/answering.hpp"
#include "gateway/faces/gemini_parts.hpp"

namespace sluice::gateway::gemini {

/// How the responses of a stream stand beside each other: as server-sent events (`alt=sse`), or as the elements of one
/// JSON list, which is what Google sends to whoever asks for nothing.
enum class framing : std::uint8_t { events, list };

/// Writes one answer. Source: `GenerateContentResponse` of Google's SDK.
///
/// Events have no `id:` and there are no comments: Google's SDKs take a stream for blocks that begin with `data:` and
/// read nothing else. A silent stream is kept alive by an empty text, as Google does. Calls are said whole, so each
/// waits for its end. What a Gemini provider told of a candidate (`safetyRatings`, `groundingMetadata`, …) stands on
/// its last response; what others told of their own is not said.
class content_reply final : public answer_writer {
 public:
  content_reply(std::string_view generation_id, std::string_view model, framing how);

  std::string_view content_type() const override;
  void append_delta(std::string& out, const generation::log& source, const generation::run& found) override;
  void append_end(std::string& out, const generation::finish& how, std::uint64_t seq) override;
  void append_failure(std::string& out, const error& problem, std::uint64_t seq) override;
  void append_sign_of_life(std::string& out) override;
  std::string whole(const generation::log& source) override;

 private:
  void begin_response(std::string& out);
  void end_response(std::string& out);
  void append_parts(std::string& out, std::uint8_t choice, const std::vector<std::string>& parts);
  void append_tail(std::string& out) const;

  std::string tail_;  // `"modelVersion":…,"responseId":…}`
  framing how_;
  bool opened_ = false;
  std::map<std::uint8_t, candidate_parts> candidates_;
};

}  // namespace sluice::gateway::gemini
