#include "gateway/faces/openai_chat.hpp"

#include <boost/json.hpp>

#include "door/field_reader.hpp"
#include "gateway/chat_request.hpp"
#include "gateway/faces/openai_chat_reply.hpp"
#include "gateway/faces/openai_errors.hpp"

namespace sluice::gateway::openai {

using namespace door;

namespace {

namespace json = boost::json;

struct chat_options {
  bool stream = false;
  bool include_usage = false;
};

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

result<chat_options> read_options(const json::object& body) {
  chat_options options;
  field_reader fields(body, "");
  std::optional<bool> stream;
  json::object stream_options;
  fields.boolean("stream", stream);
  fields.object("stream_options", stream_options);
  std::optional<bool> include_usage;
  field_reader inner(stream_options, "stream_options.");
  inner.boolean("include_usage", include_usage);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (inner.problem()) return std::unexpected(*inner.problem());
  options.stream = stream.value_or(false);
  options.include_usage = include_usage.value_or(false);
  return options;
}

json::object card_of(const agent::model_card& model) {
  return {{"id", model.name}, {"object", "model"}, {"created", 0}, {"owned_by", model.provider}};
}

}  // namespace

task<> chat_completions(face_uses uses, http::exchange& with) {
  auto received = co_await receive_body(uses, with, error_response);
  if (!received) co_return;
  const auto options = read_options(received->body);
  if (!options) co_return co_await send(with, error_response(options.error()));
  auto asked = parse_openai_chat(std::move(received->body));
  const std::shared_ptr<const door::principal> who = std::move(received->who);
  received.reset();  // an answer may take long, and needs nothing of it
  with.release_body();
  if (!asked) co_return co_await send(with, error_response(asked.error()));
  asked->streamed = options->stream;
  co_await answer(uses, with, *who, std::move(*asked), error_response,
                  [include_usage = options->include_usage](const agent::started& begun) {
                    return std::make_unique<chat_reply>(begun.generation_id, begun.model, unix_seconds(),
                                                        include_usage);
                  });
}

task<> list_models(face_uses uses, http::exchange& with) {
  const auto models = co_await find_models(uses, with, error_response);
  if (!models) co_return;
  json::array list;
  for (const agent::model_card& model : *models)
    list.push_back(card_of(model));
  co_await with.respond(
      http::json_response(200, json::serialize(json::object{{"object", "list"}, {"data", std::move(list)}})));
}

task<> get_model(face_uses uses, http::exchange& with) {
  const auto model = co_await find_model(uses, with, error_response);
  if (model) co_await with.respond(http::json_response(200, json::serialize(card_of(*model))));
}

}  // namespace sluice::gateway::openai
