#include "agent/rpc_conversations.hpp"

#include <utility>

#include "agent/rpc_messages.hpp"

namespace sluice::agent {
namespace {

using methods = rpc::methods<v1::Conversations>;

}  // namespace

task<result<conversation_page>> rpc_conversations::list_conversations(caller who, list_conversations_request asked) {
  v1::ListConversationsRequest request;
  *request.mutable_who() = to_message(who);
  request.set_query(std::move(asked.query));
  request.set_archived(asked.archived);
  request.set_cursor(std::move(asked.cursor));
  request.set_limit(asked.limit);
  const auto answer =
      co_await nodes_.any().stored.call(&methods::ListConversations, std::move(request), within(deadline_));
  if (!answer) co_return std::unexpected(answer.error());
  conversation_page page;
  for (const v1::ConversationCard& each : answer->conversations())
    page.conversations.push_back(from_message(each));
  page.next = answer->next();
  co_return page;
}

task<result<conversation_tree>> rpc_conversations::read_conversation(caller who, std::string conversation_id,
                                                                     std::string cursor, std::uint32_t limit) {
  v1::ReadConversationRequest request;
  *request.mutable_who() = to_message(who);
  request.set_conversation_id(std::move(conversation_id));
  request.set_cursor(std::move(cursor));
  request.set_limit(limit);
  const auto answer =
      co_await nodes_.any().stored.call(&methods::ReadConversation, std::move(request), within(deadline_));
  if (!answer) co_return std::unexpected(answer.error());
  co_return from_message(*answer);
}

task<result<conversation_card>> rpc_conversations::change_conversation(caller who, std::string conversation_id,
                                                                       conversation_change wanted) {
  v1::ChangeConversationRequest request;
  *request.mutable_who() = to_message(who);
  request.set_conversation_id(std::move(conversation_id));
  if (wanted.title) request.set_title(std::move(*wanted.title));
  if (wanted.archived) request.set_archived(*wanted.archived);
  const auto answer =
      co_await nodes_.any().stored.call(&methods::ChangeConversation, std::move(request), within(deadline_));
  if (!answer) co_return std::unexpected(answer.error());
  co_return from_message(*answer);
}

task<result<void>> rpc_conversations::delete_conversation(caller who, std::string conversation_id) {
  v1::DeleteConversationRequest request;
  *request.mutable_who() = to_message(who);
  request.set_conversation_id(std::move(conversation_id));
  const auto answer =
      co_await nodes_.any().stored.call(&methods::DeleteConversation, std::move(request), within(deadline_));
  if (!answer) co_return std::unexpected(answer.error());
  co_return result<void>();
}

// Its writer knows how far it has come; what it has left when it is gone, any agent can read.
task<result<generation_record>> rpc_conversations::read_generation(caller who, std::string generation_id) {
  v1::ReadGenerationRequest request;
  *request.mutable_who() = to_message(who);
  request.set_generation_id(generation_id);
  const answer_location at = co_await places_.locate(std::move(generation_id));
  auto answer = co_await read_generation_at(at.address, request);
  if (!answer && !at.address.empty() && answer.error().reason == error_reason::unavailable)
    answer = co_await read_generation_at({}, std::move(request));
  if (!answer) co_return std::unexpected(answer.error());
  co_return from_message(*answer);
}

task<result<v1::Generation>> rpc_conversations::read_generation_at(std::string address,
                                                                   v1::ReadGenerationRequest request) {
  const auto node = nodes_.at(address);
  if (!node) co_return std::unexpected(node.error());
  co_return co_await (*node)->stored.call(&methods::ReadGeneration, std::move(request), within(deadline_));
}

task<result<std::vector<usage_row>>> rpc_conversations::read_usage(caller who, std::string from, std::string to) {
  v1::ReadUsageRequest request;
  *request.mutable_who() = to_message(who);
  request.set_from(std::move(from));
  request.set_to(std::move(to));
  const auto answer = co_await nodes_.any().stored.call(&methods::ReadUsage, std::move(request), within(deadline_));
  if (!answer) co_return std::unexpected(answer.error());
  std::vector<usage_row> rows;
  for (const v1::UsageOfDay& each : answer->rows()) {
    auto row = from_message(each);
    if (!row) co_return std::unexpected(std::move(row.error()));
    rows.push_back(std::move(*row));
  }
  co_return rows;
}

}  // namespace sluice::agent
