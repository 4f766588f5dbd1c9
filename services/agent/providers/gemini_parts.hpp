// The pieces of a Gemini answer that can be read by themselves: a part of a candidate, usage, log probabilities, the
// words for how it ended. Included by translators' .cpp files only (simdjson).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/providers/gemini_stream.hpp"
#include "agent/providers/provider_json.hpp"
#include "generation/delta.hpp"
#include "generation/request.hpp"

namespace sluice::agent {

/// `finishReason`. What says that the model wrote what is no answer is `error`, an unknown word `stop`. Nothing for the
/// word that says nothing.
std::optional<generation::finish_reason> finish_reason_of_gemini(std::string_view word);

/// Takes the counts of a `usageMetadata`. False if it is not JSON. Counts that are none, negative or absurd leave what
/// was known.
bool read_gemini_usage(simdjson::ondemand::object object, gemini_usage& into);

/// A `functionCall`.
struct gemini_call {
  std::string id;
  std::string name;
  std::string arguments = "{}";
  std::string others;  ///< `"name":value,…` of fields that have no name here

  /// False if it is not what a call looks like.
  bool read(simdjson::ondemand::object object);
};

/// A part of a candidate's content.
struct gemini_part {
  std::string_view text;  ///< still escaped; a view into the document
  bool is_thought = false;
  std::string signature;
  std::optional<gemini_call> call;
  std::string inline_data;  ///< raw; empty if there is none
  std::string others;       ///< `"name":value,…` of fields that have no name here

  bool read(simdjson::ondemand::object object);
  /// What comes whole: the bytes that the model made, else the part as Gemini's dialect has it. Nothing if it has
  /// neither.
  std::optional<generation::content_part> whole() const;
};

/// `logprobsResult` as the `logprobs` of a chat completion's choice; empty if it has none.
std::string logprobs_of_gemini(std::string_view json);

}  // namespace sluice::agent
