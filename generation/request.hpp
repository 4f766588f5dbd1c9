// What any provider can be asked, in words that belong to none of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace sluice::generation {

enum class role : std::uint8_t { system, developer, user, assistant, tool };

std::string_view to_string(role value);
std::optional<role> parse_role(std::string_view text);

struct content_part;

struct text_part {
  std::string text;
};
/// An image by URL or inline (base64 in `data` with its `media_type`).
struct image_part {
  std::string url;
  std::string media_type;
  std::string data;
  std::string detail;  ///< OpenAI: low, high, auto
};
struct audio_part {
  std::string data;  ///< base64
  std::string format;
};
/// A document by provider's id, URL, or inline.
struct file_part {
  std::string file_id;
  std::string filename;
  std::string url;
  std::string media_type;
  std::string data;  ///< base64, or a data: URL as OpenAI has it
};
/// Thinking of an earlier turn, which some providers want back unchanged.
struct reasoning_part {
  std::string id;
  std::string text;
  std::string signature;
  std::string redacted;  ///< opaque bytes in place of text
  bool is_summary = false;
};
struct refusal_part {
  std::string text;
};
struct tool_call_part {
  std::string id;
  std::string name;
  std::string arguments;   ///< JSON text
  std::string signature;   ///< Gemini's thought signature
  bool is_custom = false;  ///< OpenAI's custom tools take free text
};
struct tool_result_part {
  std::string tool_call_id;
  std::string name;
  std::vector<content_part> content;
  bool is_error = false;
};
/// A part that only its own dialect knows; it passes to a provider of that dialect as it came.
struct vendor_part {
  std::string dialect;
  boost::json::value value;
};

struct content_part {
  std::variant<text_part, image_part, audio_part, file_part, reasoning_part, refusal_part, tool_call_part,
               tool_result_part, vendor_part>
      what;
  boost::json::array citations = {};    ///< of a text part of an earlier turn
  boost::json::object extensions = {};  ///< vendor fields of the part, e.g. cache_control: see `vendor_fields.hpp`
};

struct message {
  generation::role role = role::user;
  std::string name = {};
  std::vector<content_part> parts = {};
  boost::json::object extensions = {};
  /// Of an answer that has vendor fields: the provider that gave them, the only one that knows them. Empty in what
  /// clients say.
  std::string provider = {};
};

struct tool {
  std::string name;
  std::string description;
  boost::json::value parameters;  ///< JSON Schema; null if none was given
  std::optional<bool> strict;
  /// Set for what is not a plain function (custom tools, provider's built-in tools): the whole object in `dialect`.
  boost::json::value vendor;
  std::string dialect;
  boost::json::object extensions = {};  ///< vendor fields of a plain function and its description
};

enum class tool_choice_mode : std::uint8_t { automatic, none, required, named, vendor };
struct tool_choice {
  tool_choice_mode mode = tool_choice_mode::automatic;
  std::string name;           ///< for `named`
  boost::json::value vendor;  ///< for `vendor`
};

enum class response_format_kind : std::uint8_t { text, json_object, json_schema, vendor };
struct response_format {
  response_format_kind kind = response_format_kind::text;
  std::string name;
  std::string description;
  boost::json::value schema;
  std::optional<bool> strict;
  boost::json::value vendor = {};       ///< for `vendor`: the whole object
  boost::json::object extensions = {};  ///< vendor fields, and those of its `json_schema`: see `vendor_fields.hpp`
};

struct reasoning_settings {
  std::string effort;                         ///< none, minimal, low, medium, high, …
  std::optional<std::int64_t> budget_tokens;  ///< Anthropic, Gemini
  std::string summary;                        ///< OpenAI Responses: auto, concise, detailed
};

/// A request for one generation. What is not set is the provider's default. `extensions` holds the top-level fields
/// that have no neutral name, exactly as they came in `dialect`; a provider of the same dialect sends them on.
struct request {
  std::string model;     ///< as the client named it
  bool streamed = true;  ///< whether the answer is wanted piece by piece; if not, a provider may be asked for it whole
  std::vector<message> messages;
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<std::int64_t> top_k;
  std::optional<double> frequency_penalty;
  std::optional<double> presence_penalty;
  std::optional<std::int64_t> max_output_tokens;
  std::vector<std::string> stop;
  std::optional<std::int64_t> seed;
  std::optional<std::int64_t> choices;  ///< OpenAI's `n`
  std::optional<bool> logprobs;
  std::optional<std::int64_t> top_logprobs;
  reasoning_settings reasoning;
  std::vector<tool> tools;
  std::optional<generation::tool_choice> tool_choice;
  std::optional<bool> parallel_tool_calls;
  std::optional<generation::response_format> response_format;
  boost::json::object metadata;
  std::string end_user;  ///< OpenAI's `user`, Anthropic's metadata.user_id
  std::string dialect;   ///< whose names `extensions` are in: "openai", "anthropic", "gemini", "sluice"
  boost::json::object extensions;
};

/// The bytes of all text, from which tokens are estimated.
std::size_t text_bytes(const request& asked);

/// The text of the last user message, parts joined; for titles, mocks and logs of sizes.
std::string last_user_text(const request& asked);

}  // namespace sluice::generation
