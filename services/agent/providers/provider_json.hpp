// Reading a provider's JSON with simdjson On-Demand: what the translators have in common. Included by their .cpp files
// only, for simdjson is a large header.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace sluice::agent {

/// The memory that reading needs, kept from one document to the next. One per worker serves all its streams, since no
/// document is read across an await.
class json_scratch {
 public:
  /// Begins a document; `text` has `simdjson::SIMDJSON_PADDING` readable bytes behind it. The document lives until the
  /// next call. Checks UTF-8, control characters and quotes of the whole text; the rest is checked where it is read.
  simdjson::simdjson_result<simdjson::ondemand::document> read(std::string_view text);

 private:
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::parser large_parser_;  ///< its memory is given back with the next document
};

/// What a value is, by its first byte.
enum class json_kind { string, number, boolean, null, object, array, broken };
json_kind kind_of(simdjson::ondemand::value& value);

/// The inside of a string value, still escaped; a view into the document. False if the value is no string.
bool raw_string(simdjson::ondemand::value& value, std::string_view& inside);

/// The name of a field, still escaped; a view into the document.
std::string_view raw_name(simdjson::ondemand::field& field);

/// A count of tokens; nothing for what is no whole number, below 0, or more than any model could read or write.
std::optional<std::int64_t> count_of(simdjson::ondemand::value& value);

/// The `index` of an object, which may stand behind what it belongs to; where there is none, `into` stays. The object
/// can be read from its beginning afterwards. False if it is no whole number from 0 on.
bool read_index(simdjson::ondemand::object& object, std::int64_t& into);

inline bool has_escape(std::string_view inside) {
  return inside.find('\\') != std::string_view::npos;
}

/// Appends the text that `inside`, the inside of a JSON string, stands for. `half` is a leading surrogate (`\ud83d`)
/// that the text before ended in, 0 if none; it is set to the one that this text ends in. A surrogate without its other
/// half becomes U+FFFD. False at an escape that does not exist.
bool append_unescaped(std::string& out, std::string_view inside, char16_t& half);

/// The same for a text that stands alone. Empty if it cannot be read.
std::string unescaped(std::string_view inside);

/// The JSON text of a value whatever it is, fit to be sent on in one line: checked, and without line breaks between its
/// tokens. False if it is not JSON. The value is consumed.
bool raw_json(simdjson::ondemand::value& value, std::string& text);

}  // namespace sluice::agent
