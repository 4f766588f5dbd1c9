#include "generation/embedding.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "generation/json_fields.hpp"

namespace sluice::generation {

static_assert(std::endian::native == std::endian::little && sizeof(float) == 4);

json::object to_json(const embedding_request& from) {
  json::array inputs;
  for (const embedding_input& one : from.inputs) {
    if (one.tokens.empty()) {
      inputs.push_back(json::value(one.text));
    } else {
      inputs.push_back(json::array(one.tokens.begin(), one.tokens.end()));
    }
  }
  json::object to{{"model", from.model}, {"inputs", std::move(inputs)}};
  if (from.dimensions) to.emplace("dimensions", *from.dimensions);
  put(to, "end_user", from.end_user);
  put(to, "dialect", from.dialect);
  if (!from.extensions.empty()) to.emplace("extensions", from.extensions);
  return to;
}

result<embedding_request> parse_embedding_request(std::string_view text) {
  const auto read = parse_object(text);
  if (!read) return std::unexpected(read.error());
  embedding_request asked;
  asked.model = text_of(*read, "model");
  asked.end_user = text_of(*read, "end_user");
  asked.dialect = text_of(*read, "dialect");
  asked.extensions = object_of(*read, "extensions");
  if (read->contains("dimensions")) asked.dimensions = number_of(*read, "dimensions");
  const json::value* const inputs = read->if_contains("inputs");
  if (inputs == nullptr || !inputs->is_array()) return damaged("inputs");
  for (const json::value& one : inputs->get_array()) {
    embedding_input& added = asked.inputs.emplace_back();
    if (one.is_string()) {
      added.text = one.get_string();
    } else if (one.is_array()) {
      for (const json::value& token : one.get_array())
        added.tokens.push_back(token.is_int64() ? token.get_int64() : 0);
    } else {
      return damaged("input");
    }
  }
  return asked;
}

std::string to_bytes(const std::vector<float>& vector) {
  return {reinterpret_cast<const char*>(vector.data()), vector.size() * sizeof(float)};
}

std::optional<std::vector<float>> vector_of(std::string_view bytes) {
  if (bytes.size() % sizeof(float) != 0) return std::nullopt;
  std::vector<float> vector(bytes.size() / sizeof(float));
  std::memcpy(vector.data(), bytes.data(), bytes.size());
  if (!std::ranges::all_of(vector, [](float number) { return std::isfinite(number); })) return std::nullopt;
  return vector;
}

}  // namespace sluice::generation
