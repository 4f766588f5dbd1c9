#include "gateway/conversation_json.hpp"

#include <boost/json.hpp>

#include "base/timestamp.hpp"
#include "generation/content_json.hpp"

namespace sluice::gateway {
namespace {

namespace json = boost::json;

json::value or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::value or_null(const std::optional<generation::usage>& used) {
  return used ? json::value(generation::to_json(*used)) : json::value(nullptr);
}

}  // namespace

json::object to_json(const agent::conversation_card& card) {
  return {{"id", card.id},
          {"title", card.title},
          {"archived", card.archived},
          {"created_at", format_timestamp(card.created_at)},
          {"updated_at", format_timestamp(card.updated_at)},
          {"live_generation_id", or_null(card.live_generation_id)}};
}

json::object to_json(const agent::stored_message& message) {
  return {{"id", message.id},
          {"parent_id", or_null(message.parent_id)},
          {"role", generation::to_string(message.role)},
          {"content", generation::to_json(message.content)},
          {"model", or_null(message.model)},
          {"usage", or_null(message.usage)},
          {"status", agent::to_string(message.status)},
          {"generation_id", or_null(message.generation_id)},
          {"created_at", format_timestamp(message.created_at)}};
}

json::object to_json(const agent::generation_record& record) {
  return {{"id", record.id},
          {"status", record.status},
          {"conversation_id", or_null(record.conversation_id)},
          {"message_id", or_null(record.message_id)},
          {"model", record.model},
          {"provider", record.provider},
          {"text", record.text},
          {"reasoning", record.reasoning},
          {"usage", or_null(record.usage)},
          {"attempts", record.attempts}};
}

json::object to_json(const agent::usage_row& row) {
  return {{"day", row.day},           {"model", row.model},   {"provider", row.provider},
          {"requests", row.requests}, {"failed", row.failed}, {"tokens", generation::to_json(row.tokens)}};
}

}  // namespace sluice::gateway
