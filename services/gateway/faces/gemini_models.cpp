#include "gateway/faces/gemini_models.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.hpp"
#include "gateway/faces/gemini_errors.hpp"
#include "gateway/faces/gemini_reply.hpp"
#include "gateway/faces/gemini_request.hpp"

namespace sluice::gateway::gemini {

using namespace door;

namespace {

namespace json = boost::json;

constexpr std::size_t page_size = 50;  // Google's own default, and
constexpr std::size_t page_size_max = 1000;

// "provider/model", for a provider's own name of a model may follow it with a slash in the path.
std::string model_in(const http::request& asked, std::string_view model) {
  const std::string_view provider = asked.parameter("provider");
  return provider.empty() ? std::string(model) : fmt::format("{}/{}", provider, model);
}

task<> generate(const face_uses& uses, http::exchange& with, std::string model, bool streamed) {
  auto received = co_await receive_body(uses, with, error_response);
  if (!received) co_return;
  auto asked = parse_generate_request(received->body, model);
  const std::shared_ptr<const principal> who = std::move(received->who);
  received.reset();  // an answer may take long, and needs nothing of it
  with.release_body();
  if (!asked) co_return co_await send(with, error_response(asked.error()));
  asked->streamed = streamed;
  const framing how = with.request().query_parameter("alt") == "sse" ? framing::events : framing::list;
  co_await answer(uses, with, *who, std::move(*asked), error_response, [how](const agent::started& begun) {
    return std::make_unique<content_reply>(begun.generation_id, begun.model, how);
  });
}

task<> count_tokens(const face_uses& uses, http::exchange& with, std::string model) {
  const auto received = co_await receive_body(uses, with, error_response);
  if (!received) co_return;
  auto asked = parse_count_request(received->body, model);
  if (!asked) co_return co_await send(with, error_response(asked.error()));
  const auto counted = co_await count(uses, with, *received->who, std::move(*asked), error_response);
  if (counted) co_await send(with, http::json_response(200, fmt::format(R"({{"totalTokens":{}}})", *counted)));
}

json::object card_of(const agent::model_card& model) {
  return {{"name", "models/" + model.name},
          {"version", "1"},
          {"displayName", model.name},
          {"supportedGenerationMethods", {"generateContent", "streamGenerateContent", "countTokens"}}};
}

std::size_t number_in(const std::optional<std::string>& text, std::size_t otherwise) {
  std::size_t number = otherwise;
  if (text) std::from_chars(text->data(), text->data() + text->size(), number);
  return number;
}

}  // namespace

task<> call_model(face_uses uses, http::exchange& with) {
  const http::request& asked = with.request();
  const std::string call(asked.parameter("call"));
  const std::size_t colon = call.rfind(':');  // names of models may have colons too
  const std::string method = colon == std::string::npos ? "" : call.substr(colon + 1);
  std::string model = model_in(asked, std::string_view(call).substr(0, colon));
  if (method == "generateContent") co_return co_await generate(uses, with, std::move(model), false);
  if (method == "countTokens") co_return co_await count_tokens(uses, with, std::move(model));
  if (method == "streamGenerateContent") co_return co_await generate(uses, with, std::move(model), true);
  co_await with.respond(error_response({.reason = error_reason::not_found,
                                        .message = fmt::format("there is no method \"{}\" here; there are "
                                                               "generateContent, streamGenerateContent and countTokens",
                                                               clip(method, 64))}));
}

task<> list_models(face_uses uses, http::exchange& with) {
  const auto models = co_await find_models(uses, with, error_response);
  if (!models) co_return;
  const std::size_t size =
      std::clamp<std::size_t>(number_in(with.request().query_parameter("pageSize"), page_size), 1, page_size_max);
  const std::size_t first = std::min(number_in(with.request().query_parameter("pageToken"), 0), models->size());
  const std::size_t last = std::min(first + size, models->size());
  json::array list;
  for (std::size_t at = first; at < last; ++at)
    list.push_back(card_of((*models)[at]));
  json::object page{{"models", std::move(list)}};
  if (last < models->size()) page["nextPageToken"] = std::to_string(last);
  co_await with.respond(http::json_response(200, json::serialize(page)));
}

task<> get_model(face_uses uses, http::exchange& with) {
  const auto model = co_await find_model(uses, with, error_response);
  if (model) co_await with.respond(http::json_response(200, json::serialize(card_of(*model))));
}

}  // namespace sluice::gateway::gemini
