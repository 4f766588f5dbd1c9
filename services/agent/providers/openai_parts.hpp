// The parts of a chat completion that can be read by themselves: usage, the strings of a tool call, the words for how
// it ended. Included by translators' .cpp files only (simdjson).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/providers/provider_json.hpp"
#include "generation/delta.hpp"

namespace sluice::agent {

/// `finish_reason`, of OpenAI and of others. What says that the provider broke off is `error`, an unknown word `stop`.
generation::finish_reason finish_reason_of_openai(std::string_view word);

/// A `usage` object with its details. Numbers that are none, or negative, count as 0.
struct openai_usage {
  generation::usage used{.source = generation::usage_source::provider};
  std::int64_t total = 0;
  bool has_counts = false;  ///< whether it has the two main numbers at all
  bool is_sound = true;     ///< no number was negative, absurd or none

  /// False if it is not JSON.
  bool read(simdjson::ondemand::object object, bool is_input = false);
  /// The whole, in our way of counting: output with its reasoning.
  generation::usage settled() const;

 private:
  void take(std::string_view name, std::int64_t count, bool is_input);
};

/// Appends `"name":value` to `gathered`, behind a comma if it is not the first. What is not sound JSON is left out.
void append_vendor_field(std::string& gathered, std::string_view name, simdjson::ondemand::value& value);

/// The strings of a tool call, still escaped. Functions have name and arguments in an object, custom tools name and
/// input, and the older function_call has them itself.
class openai_call_strings {
 public:
  std::string_view id;
  std::string_view name;
  std::string_view arguments;
  bool is_custom = false;

  /// Sets `index` if it has one. False if it is not what a tool call looks like.
  bool read(simdjson::ondemand::object object, std::int64_t& index) { return read(object, index, call_fields_); }
  /// Its other fields, and those of its function, as a JSON object; empty if there are none.
  std::string vendor_fields() const;

 private:
  bool read(simdjson::ondemand::object object, std::int64_t& index, std::string& others);

  std::string call_fields_;
  std::string function_fields_;
};

}  // namespace sluice::agent
