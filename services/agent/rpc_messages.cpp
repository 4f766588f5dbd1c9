#include "agent/rpc_messages.hpp"

#include <chrono>
#include <utility>

#include <boost/json.hpp>

#include "generation/content_json.hpp"
#include "generation/request_json.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
using std::chrono::nanoseconds;

std::unexpected<error> damaged(const char* what) {
  return failure(error_reason::internal, std::string("another node sent a damaged ") + what);
}

std::int64_t to_nanoseconds(time_point at) {
  return std::chrono::duration_cast<nanoseconds>(at.time_since_epoch()).count();
}

time_point from_nanoseconds(std::int64_t since_1970) {
  return time_point(std::chrono::duration_cast<time_point::duration>(nanoseconds(since_1970)));
}

result<generation::usage> parse_usage(const std::string& text) {
  boost::system::error_code problem;
  const json::value parsed = json::parse(text, problem);
  if (problem || !parsed.is_object()) return damaged("usage");
  return generation::parse_usage(parsed.get_object());
}

v1::StoredMessage to_message(const stored_message& from) {
  v1::StoredMessage made;
  made.set_id(from.id);
  made.set_parent_id(from.parent_id);
  made.set_role(std::string(to_string(from.role)));
  made.set_content(json::serialize(generation::to_json(from.content)));
  made.set_status(static_cast<std::uint32_t>(from.status));
  made.set_generation_id(from.generation_id);
  made.set_model(from.model);
  if (from.usage) made.set_usage(json::serialize(generation::to_json(*from.usage)));
  made.set_created_at(to_nanoseconds(from.created_at));
  return made;
}

result<stored_message> from_message(const v1::StoredMessage& from) {
  const auto role = generation::parse_role(from.role());
  boost::system::error_code problem;
  const json::value content = json::parse(from.content(), problem, {}, {.max_depth = 512});
  if (!role || problem || from.status() > static_cast<std::uint32_t>(message_status::interrupted))
    return damaged("message");
  auto parts = generation::parse_parts(content);
  if (!parts) return std::unexpected(std::move(parts.error()));
  stored_message made{.id = from.id(),
                      .parent_id = from.parent_id(),
                      .role = *role,
                      .content = std::move(*parts),
                      .status = static_cast<message_status>(from.status()),
                      .generation_id = from.generation_id(),
                      .model = from.model(),
                      .usage = {},
                      .created_at = from_nanoseconds(from.created_at())};
  if (from.has_usage()) {
    auto usage = parse_usage(from.usage());
    if (!usage) return std::unexpected(std::move(usage.error()));
    made.usage = *usage;
  }
  return made;
}

}  // namespace

v1::Caller to_message(const caller& who) {
  v1::Caller made;
  made.set_user_id(who.user_id);
  made.set_key_id(who.key_id);
  return made;
}

caller from_message(const v1::Caller& message) {
  return {.user_id = message.user_id(), .key_id = message.key_id()};
}

v1::StartRequest to_message(const start_request& asked) {
  v1::StartRequest made;
  *made.mutable_who() = to_message(asked.who);
  made.set_request(json::serialize(generation::to_json(asked.request)));
  made.set_conversation_id(asked.conversation_id);
  if (asked.parent_id) made.set_parent_id(*asked.parent_id);
  if (asked.system) made.set_system(*asked.system);
  made.set_resumable(asked.resumable);
  if (asked.key) {
    made.mutable_key()->set_value(asked.key->value);
    made.mutable_key()->set_digest(asked.key->digest);
  }
  return made;
}

result<start_request> from_message(const v1::StartRequest& message) {
  auto request = generation::parse_request(message.request());
  if (!request) return std::unexpected(std::move(request.error()));
  start_request made;
  made.request = std::move(*request);
  made.who = from_message(message.who());
  made.conversation_id = message.conversation_id();
  if (message.has_parent_id()) made.parent_id = message.parent_id();
  if (message.has_system()) made.system = message.system();
  made.resumable = message.resumable();
  if (message.has_key()) made.key = request_key{.value = message.key().value(), .digest = message.key().digest()};
  return made;
}

v1::Started to_message(const started& about) {
  v1::Started made;
  made.set_generation_id(about.generation_id);
  made.set_conversation_id(about.conversation_id);
  made.set_message_id(about.message_id);
  made.set_model(about.model);
  made.set_provider(about.provider);
  return made;
}

started from_message(const v1::Started& message) {
  return {.generation_id = message.generation_id(),
          .conversation_id = message.conversation_id(),
          .message_id = message.message_id(),
          .model = message.model(),
          .provider = message.provider()};
}

v1::DeltaRange to_message(generation::delta_range range) {
  v1::DeltaRange made;
  made.set_kind(static_cast<std::uint32_t>(range.kind));
  made.set_choice(range.choice);
  made.set_first(range.first);
  made.mutable_lengths()->Add(range.lengths.begin(), range.lengths.end());
  made.set_bytes(std::move(range.bytes));
  return made;
}

result<generation::delta_range> from_message(v1::DeltaRange& message) {
  if (message.kind() >= static_cast<std::uint32_t>(generation::delta_kind::finish) || message.choice() > 255)
    return damaged("delta");
  return generation::delta_range{.kind = static_cast<generation::delta_kind>(message.kind()),
                                 .choice = static_cast<std::uint8_t>(message.choice()),
                                 .first = message.first(),
                                 .lengths = {message.lengths().begin(), message.lengths().end()},
                                 .bytes = std::move(*message.mutable_bytes())};
}

v1::ConversationCard to_message(const conversation_card& card) {
  v1::ConversationCard made;
  made.set_id(card.id);
  made.set_title(card.title);
  made.set_archived(card.archived);
  made.set_created_at(to_nanoseconds(card.created_at));
  made.set_updated_at(to_nanoseconds(card.updated_at));
  made.set_live_generation_id(card.live_generation_id);
  return made;
}

conversation_card from_message(const v1::ConversationCard& message) {
  return {.id = message.id(),
          .title = message.title(),
          .archived = message.archived(),
          .created_at = from_nanoseconds(message.created_at()),
          .updated_at = from_nanoseconds(message.updated_at()),
          .live_generation_id = message.live_generation_id()};
}

v1::ConversationTree to_message(const conversation_tree& tree) {
  v1::ConversationTree made;
  *made.mutable_about() = to_message(tree.about);
  for (const stored_message& each : tree.messages)
    *made.add_messages() = to_message(each);
  made.set_next(tree.next);
  return made;
}

result<conversation_tree> from_message(const v1::ConversationTree& message) {
  conversation_tree made{.about = from_message(message.about()), .messages = {}, .next = message.next()};
  for (const v1::StoredMessage& each : message.messages()) {
    auto read = from_message(each);
    if (!read) return std::unexpected(std::move(read.error()));
    made.messages.push_back(std::move(*read));
  }
  return made;
}

v1::Generation to_message(const generation_record& record) {
  v1::Generation made;
  made.set_id(record.id);
  made.set_status(record.status);
  made.set_conversation_id(record.conversation_id);
  made.set_message_id(record.message_id);
  made.set_model(record.model);
  made.set_provider(record.provider);
  made.set_text(record.text);
  made.set_reasoning(record.reasoning);
  if (record.usage) made.set_usage(json::serialize(generation::to_json(*record.usage)));
  made.set_attempts(record.attempts);
  return made;
}

result<generation_record> from_message(const v1::Generation& message) {
  generation_record made{.id = message.id(),
                         .status = message.status(),
                         .conversation_id = message.conversation_id(),
                         .message_id = message.message_id(),
                         .model = message.model(),
                         .provider = message.provider(),
                         .text = message.text(),
                         .reasoning = message.reasoning(),
                         .usage = {},
                         .attempts = message.attempts()};
  if (message.has_usage()) {
    auto usage = parse_usage(message.usage());
    if (!usage) return std::unexpected(std::move(usage.error()));
    made.usage = *usage;
  }
  return made;
}

v1::UsageOfDay to_message(const usage_row& row) {
  v1::UsageOfDay made;
  made.set_day(row.day);
  made.set_model(row.model);
  made.set_provider(row.provider);
  made.set_requests(row.requests);
  made.set_failed(row.failed);
  made.set_tokens(json::serialize(generation::to_json(row.tokens)));
  return made;
}

result<usage_row> from_message(const v1::UsageOfDay& message) {
  auto tokens = parse_usage(message.tokens());
  if (!tokens) return std::unexpected(std::move(tokens.error()));
  return usage_row{.day = message.day(),
                   .model = message.model(),
                   .provider = message.provider(),
                   .requests = message.requests(),
                   .failed = message.failed(),
                   .tokens = *tokens};
}

}  // namespace sluice::agent
