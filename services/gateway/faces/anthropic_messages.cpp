#include "gateway/faces/anthropic_messages.hpp"

#include <fmt/format.h>

#include "door/field_reader.hpp"
#include "gateway/faces/anthropic_errors.hpp"
#include "gateway/faces/anthropic_reply.hpp"
#include "gateway/faces/anthropic_request.hpp"

namespace sluice::gateway::anthropic {
task<> create_message(face_uses uses, http::exchange& with) {
  with.answer_headers().set("request-id", with.request().request_id);  // where its SDKs look for it
  auto received = co_await receive_body(uses, with, error_response);
  if (!received) co_return;
  std::optional<bool> stream;
  door::field_reader fields(received->body, "");
  fields.boolean("stream", stream);
  if (fields.problem()) co_return co_await send(with, error_response(*fields.problem()));
  auto asked = parse_messages_request(received->body);
  const std::shared_ptr<const door::principal> who = std::move(received->who);
  received.reset();  // an answer may take long, and needs nothing of it
  with.release_body();
  if (!asked) co_return co_await send(with, error_response(asked.error()));
  asked->streamed = stream.value_or(false);
  co_await answer(uses, with, *who, std::move(*asked), error_response, [](const agent::started& begun) {
    return std::make_unique<message_reply>(begun.generation_id, begun.model);
  });
}

task<> count_tokens(face_uses uses, http::exchange& with) {
  with.answer_headers().set("request-id", with.request().request_id);
  const auto received = co_await receive_body(uses, with, error_response);
  if (!received) co_return;
  auto asked = parse_count_request(received->body);
  if (!asked) co_return co_await send(with, error_response(asked.error()));
  const auto counted = co_await count(uses, with, *received->who, std::move(*asked), error_response);
  if (counted) co_await send(with, http::json_response(200, fmt::format(R"({{"input_tokens":{}}})", *counted)));
}

}  // namespace sluice::gateway::anthropic
