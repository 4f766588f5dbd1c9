#include "agent/providers/embeddings.hpp"

#include <cmath>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "agent/provider.hpp"
#include "base/base64.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;

std::unexpected<error> nonsense(std::string_view provider, std::string_view what) {
  return failure(error_reason::bad_gateway,
                 fmt::format("provider {} answered with embeddings that are none: {}", provider, what));
}

const json::value* find(const json::value& in, std::string_view name) {
  return in.is_object() ? in.get_object().if_contains(name) : nullptr;
}

const json::array* list_in(const json::value& in, std::string_view name) {
  const json::value* const value = find(in, name);
  return value == nullptr ? nullptr : value->if_array();
}

std::int64_t count_in(const json::value* in, std::string_view name) {
  const json::value* const value = in == nullptr ? nullptr : find(*in, name);
  return value != nullptr && value->is_int64() && value->get_int64() >= 0 ? value->get_int64() : 0;
}

std::optional<std::vector<float>> read_vector(const json::value& told) {
  if (const json::string* const text = told.if_string()) {
    const auto bytes = decode_base64(*text);
    return bytes ? generation::vector_of(*bytes) : std::nullopt;
  }
  const json::array* const numbers = told.if_array();
  if (numbers == nullptr) return std::nullopt;
  std::vector<float> vector;
  vector.reserve(numbers->size());
  for (const json::value& number : *numbers) {
    if (!number.is_number()) return std::nullopt;
    const auto value = static_cast<float>(number.to_number<double>());
    if (!std::isfinite(value)) return std::nullopt;
    vector.push_back(value);
  }
  return vector;
}

result<json::value> parse(std::string_view text, std::string_view provider) {
  boost::system::error_code bad;
  json::value read = json::parse(text, bad);
  if (bad) return nonsense(provider, "no JSON");
  return read;
}

}  // namespace

std::string make_openai_embedding_body(const generation::embedding_request& asked, std::string_view model) {
  json::array inputs;
  for (const generation::embedding_input& one : asked.inputs) {
    if (one.tokens.empty()) {
      inputs.push_back(json::value(one.text));
    } else {
      inputs.push_back(json::array(one.tokens.begin(), one.tokens.end()));
    }
  }
  json::object body{{"model", model}, {"input", std::move(inputs)}};
  if (asked.dimensions) body["dimensions"] = *asked.dimensions;
  if (!asked.end_user.empty()) body["user"] = asked.end_user;
  if (asked.dialect == "openai") {
    for (const auto& [name, value] : asked.extensions)
      body.emplace(name, value);
  }
  return json::serialize(body);
}

result<generation::embeddings> read_openai_embeddings(std::string_view text, std::string_view provider,
                                                      std::size_t count) {
  const auto read = parse(text, provider);
  if (!read) return std::unexpected(read.error());
  const json::array* const data = list_in(*read, "data");
  if (data == nullptr || data->size() != count)
    return nonsense(provider, fmt::format("{} inputs need as many vectors", count));
  generation::embeddings made;
  made.vectors.resize(count);
  for (std::size_t at = 0; at < count; ++at) {
    const json::value& one = (*data)[at];
    const json::value* const index = find(one, "index");
    const std::size_t place = index == nullptr ? at : static_cast<std::size_t>(count_in(&one, "index"));
    const json::value* const told = find(one, "embedding");
    auto vector = told == nullptr ? std::nullopt : read_vector(*told);
    if (!vector || vector->empty() || place >= count || !made.vectors[place].empty())
      return nonsense(provider, fmt::format("vector {}", at));
    made.vectors[place] = std::move(*vector);
  }
  made.usage.input_tokens = count_in(find(*read, "usage"), "prompt_tokens");
  if (made.usage.input_tokens != 0) made.usage.source = generation::usage_source::provider;
  return made;
}

result<std::string> make_gemini_embedding_body(const generation::embedding_request& asked, std::string_view name) {
  json::array requests;
  for (std::size_t at = 0; at < asked.inputs.size(); ++at) {
    const generation::embedding_input& one = asked.inputs[at];
    if (!one.tokens.empty()) {
      return failure(error_reason::invalid_argument, "a Gemini provider takes texts, no tokens",
                     fmt::format("input[{}]", at));
    }
    json::object request{{"model", name}, {"content", {{"parts", json::array{{{"text", one.text}}}}}}};
    if (asked.dimensions) request["outputDimensionality"] = *asked.dimensions;
    requests.push_back(std::move(request));
  }
  return json::serialize(json::object{{"requests", std::move(requests)}});
}

result<generation::embeddings> read_gemini_embeddings(std::string_view text, std::string_view provider,
                                                      const generation::embedding_request& asked) {
  const auto read = parse(text, provider);
  if (!read) return std::unexpected(read.error());
  const json::array* const list = list_in(*read, "embeddings");
  if (list == nullptr || list->size() != asked.inputs.size())
    return nonsense(provider, fmt::format("{} inputs need as many vectors", asked.inputs.size()));
  generation::embeddings made;
  for (const json::value& one : *list) {
    const json::value* const told = find(one, "values");
    auto vector = told == nullptr ? std::nullopt : read_vector(*told);
    if (!vector || vector->empty()) return nonsense(provider, fmt::format("vector {}", made.vectors.size()));
    made.vectors.push_back(std::move(*vector));
  }
  return made;
}

}  // namespace sluice::agent
