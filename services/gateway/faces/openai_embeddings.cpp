#include "gateway/faces/openai_embeddings.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/json_text.hpp"
#include "door/field_reader.hpp"
#include "gateway/faces/openai_errors.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway::openai {
namespace {

namespace json = boost::json;
using generation::embedding_input;

constexpr std::size_t inputs_max = 2048;  // OpenAI's own bound
constexpr std::size_t tokens_max = 100'000;
constexpr std::string_view expected = "must be a text, a list of tokens, or a list of either";

std::unexpected<error> refuse(std::string_view what, std::string path) {
  return failure(error_reason::invalid_argument, std::string(what), std::move(path));
}

bool is_tokens(const json::value& value) {
  return value.is_array() && !value.get_array().empty() && value.get_array().size() <= tokens_max &&
         std::ranges::all_of(value.get_array(), &json::value::is_int64);
}

result<embedding_input> parse_input(const json::value& value, const std::string& path) {
  embedding_input made;
  if (const json::string* const text = value.if_string()) {
    if (text->empty()) return refuse("must not be empty", path);
    made.text = *text;
  } else if (is_tokens(value)) {
    for (const json::value& token : value.get_array())
      made.tokens.push_back(token.get_int64());
  } else {
    return refuse(expected, path);
  }
  return made;
}

}  // namespace

result<generation::embedding_request> parse_embedding_request(const json::object& body) {
  generation::embedding_request asked;
  asked.dialect = "openai";
  std::string format;
  door::field_reader fields(body, "");
  fields.text("model", asked.model);
  fields.integer("dimensions", asked.dimensions, 1, 100'000);
  fields.text("encoding_format", format);
  fields.text("user", asked.end_user);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (!format.empty() && format != "float" && format != "base64")
    return refuse(R"(must be "float" or "base64")", "encoding_format");
  const json::value* const input = body.if_contains("input");
  if (input == nullptr || input->is_null()) return refuse("is missing", "input");
  if (input->is_string() || is_tokens(*input)) {
    auto one = parse_input(*input, "input");
    if (!one) return std::unexpected(std::move(one.error()));
    asked.inputs.push_back(std::move(*one));
  } else {
    const json::array* const list = input->if_array();
    if (list == nullptr || list->empty()) return refuse(expected, "input");
    if (list->size() > inputs_max)
      return failure(error_reason::too_large, fmt::format("there may be at most {} inputs", inputs_max), "input");
    for (std::size_t at = 0; at < list->size(); ++at) {
      auto one = parse_input((*list)[at], fmt::format("input[{}]", at));
      if (!one) return std::unexpected(std::move(one.error()));
      asked.inputs.push_back(std::move(*one));
    }
  }
  asked.extensions = generation::vendor_fields_of(body, {"model", "input", "dimensions", "user"});
  return asked;
}

std::string embedding_list(const agent::embedding_answer& answer, bool in_base64) {
  std::string out = R"({"object":"list","data":[)";
  for (std::size_t at = 0; at < answer.made.vectors.size(); ++at) {
    const std::vector<float>& vector = answer.made.vectors[at];
    fmt::format_to(std::back_inserter(out), R"({}{{"object":"embedding","index":{},"embedding":)", at == 0 ? "" : ",",
                   at);
    if (in_base64) {
      out.append("\"").append(encode_base64(generation::to_bytes(vector))).append("\"}");
      continue;
    }
    char before = '[';
    for (const float number : vector) {
      out.push_back(std::exchange(before, ','));
      fmt::format_to(std::back_inserter(out), "{}", number);
    }
    out += "]}";
  }
  const std::int64_t tokens = answer.made.usage.input_tokens;
  append_json_string(out.append(R"(],"model":)"), answer.model);
  out += fmt::format(R"(,"usage":{{"prompt_tokens":{},"total_tokens":{}}}}})", tokens, tokens);
  return out;
}

task<> create_embeddings(face_uses uses, http::exchange& with) {
  const auto received = co_await receive_body(uses, with, error_response);
  if (!received) co_return;
  auto asked = parse_embedding_request(received->body);
  if (!asked) co_return co_await send(with, error_response(asked.error()));
  const json::value* const format = asked->extensions.if_contains("encoding_format");
  const bool in_base64 = format != nullptr && *format == "base64";
  const auto answer = co_await uses.agents.embed(received->who->caller(), std::move(*asked));
  if (!answer) co_return co_await send(with, error_response(answer.error()));
  co_await with.respond(http::json_response(200, embedding_list(*answer, in_base64)));
}

}  // namespace sluice::gateway::openai
