#include "agent/ended_generation.hpp"

#include <boost/json.hpp>

#include "generation/content_json.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_of(const json::object& from, std::string_view name) {
  const json::value* const value = from.if_contains(name);
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

}  // namespace

std::string to_text(const ended_generation& ended) {
  const auto at = std::chrono::duration_cast<std::chrono::milliseconds>(ended.ended_at.time_since_epoch());
  // Answer and terminal record as text in the text: what they nest does not count here.
  const json::object whole{{"id", ended.id},
                           {"user_id", ended.who.user_id},
                           {"key_id", ended.who.key_id},
                           {"conversation_id", ended.conversation_id},
                           {"message_id", ended.message_id},
                           {"model", ended.model},
                           {"answer", json::serialize(generation::to_json(ended.answer))},
                           {"how", json::serialize(generation::to_json(ended.how))},
                           {"last_number", ended.last_number},
                           {"ended_at_ms", at.count()}};
  return json::serialize(whole);
}

result<std::shared_ptr<const ended_generation>> parse_ended_generation(const std::string& text) {
  boost::system::error_code problem;
  const json::value parsed = json::parse(text, problem);
  if (problem || !parsed.is_object())
    return failure(error_reason::internal, "the record of an answer's end cannot be read");
  const json::object& whole = parsed.get_object();
  auto answer = generation::parse_message(text_of(whole, "answer"), generation::role::assistant);
  if (!answer) return std::unexpected(std::move(answer.error()));
  auto how = generation::parse_finish(text_of(whole, "how"));
  if (!how) return std::unexpected(std::move(how.error()));
  return std::make_shared<const ended_generation>(
      ended_generation{.id = text_of(whole, "id"),
                       .who = {.user_id = text_of(whole, "user_id"), .key_id = text_of(whole, "key_id")},
                       .conversation_id = text_of(whole, "conversation_id"),
                       .message_id = text_of(whole, "message_id"),
                       .model = text_of(whole, "model"),
                       .answer = std::move(*answer),
                       .how = std::move(*how),
                       .last_number = static_cast<std::uint64_t>(number_of(whole, "last_number")),
                       .ended_at = time_point(std::chrono::milliseconds(number_of(whole, "ended_at_ms")))});
}

}  // namespace sluice::agent
