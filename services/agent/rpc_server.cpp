#include "agent/rpc_server.hpp"

#include <utility>

#include <boost/json.hpp>

#include "agent/module.hpp"
#include "agent/rpc_messages.hpp"
#include "agent/rpc_usage.hpp"
#include "agent/v1/agent.grpc.pb.h"
#include "agent/v1/conversations.grpc.pb.h"
#include "generation/content_json.hpp"
#include "generation/request_json.hpp"
#include "rpc/handlers.hpp"

namespace sluice::agent {
namespace {

// So much goes into one message where a follower lags: far below any node's limit, far above what a call costs.
constexpr std::uint64_t message_bytes = 256ULL << 10;

class agent_server final : public v1::Agent::CallbackService {
 public:
  agent_server(rpc::call_host& host, service& agents, std::function<std::string()> address)
      : host_(host), agents_(agents), address_(std::move(address)) {}

  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, const v1::StartRequest* request,
                                  v1::Started* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&agent_server::start, this));
  }
  grpc::ServerWriteReactor<v1::Deltas>* Follow(grpc::CallbackServerContext* context,
                                               const v1::FollowRequest* request) override {
    return rpc::stream<v1::Deltas>(host_, context, request, std::bind_front(&agent_server::follow, this));
  }
  grpc::ServerUnaryReactor* Cancel(grpc::CallbackServerContext* context, const v1::CancelRequest* request,
                                   v1::CancelResponse* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&agent_server::cancel, this));
  }
  grpc::ServerUnaryReactor* ListModels(grpc::CallbackServerContext* context, const v1::ListModelsRequest* request,
                                       v1::ListModelsResponse* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&agent_server::list_models, this));
  }
  grpc::ServerUnaryReactor* CountTokens(grpc::CallbackServerContext* context, const v1::CountTokensRequest* request,
                                        v1::CountTokensResponse* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&agent_server::count_tokens, this));
  }
  grpc::ServerUnaryReactor* Embed(grpc::CallbackServerContext* context, const v1::EmbedRequest* request,
                                  v1::EmbedResponse* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&agent_server::embed, this));
  }

 private:
  task<result<v1::Started>> start(rpc::call_context call, const v1::StartRequest& request) {
    auto asked = from_message(request);
    if (!asked) co_return std::unexpected(std::move(asked.error()));
    asked->request_id = std::move(call.request_id);
    asked->trace = std::move(call.trace);
    const auto begun = co_await agents_.start(std::move(*asked));
    if (!begun) co_return std::unexpected(begun.error());
    v1::Started response = to_message(*begun);
    if (!begun->repeated) response.set_address(address_());
    co_return response;
  }

  // As any reader of a log: waits until it has grown, sends all there is in one message, and only then looks again.
  task<result<void>> follow(rpc::call_context, const v1::FollowRequest& request, rpc::server_stream<v1::Deltas>& to) {
    const auto found = co_await agents_.follow(from_message(request.who()), request.generation_id(), request.known());
    if (!found) co_return std::unexpected(found.error());
    async::wakeup growth(co_await asio::this_coro::executor);
    generation::cursor reader(found->log, request.after(), growth);
    v1::Deltas message;
    *message.mutable_about() = to_message(found->about);
    for (;;) {
      for (generation::delta_range& each : generation::read_ranges(reader, message_bytes))
        *message.add_ranges() = to_message(std::move(each));
      if (reader.finished()) {
        message.set_ending(boost::json::serialize(generation::to_json(found->log->ending())));
        message.set_ending_number(reader.number());
      }
      const bool says_something = message.has_about() || message.ranges_size() != 0 || message.has_ending();
      if (says_something) co_await to.write(std::exchange(message, {}));
      if (reader.finished()) co_return result<void>();
      if (!says_something) co_await growth.wait();
    }
  }

  task<result<v1::CancelResponse>> cancel(rpc::call_context, const v1::CancelRequest& request) {
    const auto done = co_await agents_.cancel(from_message(request.who()), request.generation_id());
    if (!done) co_return std::unexpected(done.error());
    co_return v1::CancelResponse();
  }

  task<result<v1::ListModelsResponse>> list_models(rpc::call_context, const v1::ListModelsRequest& request) {
    const auto known = co_await agents_.models(from_message(request.who()));
    if (!known) co_return std::unexpected(known.error());
    v1::ListModelsResponse response;
    for (const model_card& each : *known) {
      v1::Model& added = *response.add_models();
      added.set_name(each.name);
      added.set_provider(each.provider);
    }
    co_return response;
  }

  task<result<v1::EmbedResponse>> embed(rpc::call_context, const v1::EmbedRequest& request) {
    auto asked = generation::parse_embedding_request(request.request());
    if (!asked) co_return std::unexpected(std::move(asked.error()));
    const auto answer = co_await agents_.embed(from_message(request.who()), std::move(*asked));
    if (!answer) co_return std::unexpected(answer.error());
    v1::EmbedResponse response;
    for (const std::vector<float>& vector : answer->made.vectors)
      response.add_vectors(generation::to_bytes(vector));
    response.set_usage(boost::json::serialize(generation::to_json(answer->made.usage)));
    response.set_model(answer->model);
    co_return response;
  }

  task<result<v1::CountTokensResponse>> count_tokens(rpc::call_context, const v1::CountTokensRequest& request) {
    auto asked = generation::parse_request(request.request());
    if (!asked) co_return std::unexpected(std::move(asked.error()));
    const auto counted = co_await agents_.count_tokens(from_message(request.who()), std::move(*asked));
    if (!counted) co_return std::unexpected(counted.error());
    v1::CountTokensResponse response;
    response.set_tokens(counted->tokens);
    response.set_is_estimate(counted->is_estimate);
    co_return response;
  }

  rpc::call_host& host_;
  service& agents_;
  std::function<std::string()> address_;
};

class conversations_server final : public v1::Conversations::CallbackService {
 public:
  conversations_server(rpc::call_host& host, conversation_service& stored) : host_(host), stored_(stored) {}

  grpc::ServerUnaryReactor* ListConversations(grpc::CallbackServerContext* context,
                                              const v1::ListConversationsRequest* request,
                                              v1::ListConversationsResponse* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&conversations_server::list, this));
  }
  grpc::ServerUnaryReactor* ReadConversation(grpc::CallbackServerContext* context,
                                             const v1::ReadConversationRequest* request,
                                             v1::ConversationTree* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&conversations_server::read, this));
  }
  grpc::ServerUnaryReactor* ChangeConversation(grpc::CallbackServerContext* context,
                                               const v1::ChangeConversationRequest* request,
                                               v1::ConversationCard* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&conversations_server::change, this));
  }
  grpc::ServerUnaryReactor* DeleteConversation(grpc::CallbackServerContext* context,
                                               const v1::DeleteConversationRequest* request,
                                               v1::DeleteConversationResponse* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&conversations_server::remove, this));
  }
  grpc::ServerUnaryReactor* ReadGeneration(grpc::CallbackServerContext* context,
                                           const v1::ReadGenerationRequest* request,
                                           v1::Generation* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&conversations_server::generation, this));
  }
  grpc::ServerUnaryReactor* ReadUsage(grpc::CallbackServerContext* context, const v1::ReadUsageRequest* request,
                                      v1::ReadUsageResponse* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&conversations_server::usage, this));
  }

 private:
  task<result<v1::ListConversationsResponse>> list(rpc::call_context, const v1::ListConversationsRequest& request) {
    const auto page = co_await stored_.list_conversations(from_message(request.who()), {.query = request.query(),
                                                                                        .archived = request.archived(),
                                                                                        .cursor = request.cursor(),
                                                                                        .limit = request.limit()});
    if (!page) co_return std::unexpected(page.error());
    v1::ListConversationsResponse response;
    for (const conversation_card& each : page->conversations)
      *response.add_conversations() = to_message(each);
    response.set_next(page->next);
    co_return response;
  }

  task<result<v1::ConversationTree>> read(rpc::call_context, const v1::ReadConversationRequest& request) {
    const auto tree = co_await stored_.read_conversation(from_message(request.who()), request.conversation_id(),
                                                         request.cursor(), request.limit());
    if (!tree) co_return std::unexpected(tree.error());
    co_return to_message(*tree);
  }

  task<result<v1::ConversationCard>> change(rpc::call_context, const v1::ChangeConversationRequest& request) {
    conversation_change wanted;
    if (request.has_title()) wanted.title = request.title();
    if (request.has_archived()) wanted.archived = request.archived();
    const auto card =
        co_await stored_.change_conversation(from_message(request.who()), request.conversation_id(), std::move(wanted));
    if (!card) co_return std::unexpected(card.error());
    co_return to_message(*card);
  }

  task<result<v1::DeleteConversationResponse>> remove(rpc::call_context, const v1::DeleteConversationRequest& request) {
    const auto done = co_await stored_.delete_conversation(from_message(request.who()), request.conversation_id());
    if (!done) co_return std::unexpected(done.error());
    co_return v1::DeleteConversationResponse();
  }

  task<result<v1::Generation>> generation(rpc::call_context, const v1::ReadGenerationRequest& request) {
    const auto record = co_await stored_.read_generation(from_message(request.who()), request.generation_id());
    if (!record) co_return std::unexpected(record.error());
    co_return to_message(*record);
  }

  task<result<v1::ReadUsageResponse>> usage(rpc::call_context, const v1::ReadUsageRequest& request) {
    const auto rows = co_await stored_.read_usage(from_message(request.who()), request.from(), request.to());
    if (!rows) co_return std::unexpected(rows.error());
    v1::ReadUsageResponse response;
    for (const usage_row& each : *rows)
      *response.add_rows() = to_message(each);
    co_return response;
  }

  rpc::call_host& host_;
  conversation_service& stored_;
};

}  // namespace

std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, service& agents,
                                                std::function<std::string()> address) {
  return std::make_shared<agent_server>(host, agents, std::move(address));
}

std::shared_ptr<grpc::Service> make_rpc_service(rpc::call_host& host, conversation_service& stored) {
  return std::make_shared<conversations_server>(host, stored);
}

void add_rpc_services(rpc::server& server, module& agents, std::function<std::string()> address) {
  server.add(make_rpc_service(server.host(), agents.face(), std::move(address)));
  server.add(make_rpc_service(server.host(), agents.stored()));
  server.add(make_usage_rpc_service(server.host(), agents.usage()));
}

}  // namespace sluice::agent
