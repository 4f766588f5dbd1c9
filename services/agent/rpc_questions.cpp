#include "agent/rpc_questions.hpp"

#include <boost/json.hpp>

#include "agent/rpc_messages.hpp"
#include "generation/content_json.hpp"
#include "generation/request_json.hpp"

namespace sluice::agent {
namespace {

using methods = rpc::methods<v1::Agent>;

}  // namespace

task<result<embedding_answer>> embed_on_any(agent_nodes& nodes, caller who, generation::embedding_request asked,
                                            std::chrono::milliseconds deadline) {
  v1::EmbedRequest request;
  *request.mutable_who() = to_message(who);
  request.set_request(boost::json::serialize(generation::to_json(asked)));
  const auto answer = co_await nodes.any().answers.call(&methods::Embed, std::move(request), within(deadline));
  if (!answer) co_return std::unexpected(answer.error());
  embedding_answer found{.made = {}, .model = answer->model()};
  for (const std::string& bytes : answer->vectors()) {
    auto vector = generation::vector_of(bytes);
    if (!vector) co_return failure(error_reason::internal, "a vector came broken from another node");
    found.made.vectors.push_back(std::move(*vector));
  }
  boost::system::error_code bad;
  const boost::json::value usage = boost::json::parse(answer->usage(), bad);
  if (!bad && usage.is_object()) found.made.usage = generation::parse_usage(usage.get_object());
  co_return found;
}

task<result<token_count>> count_tokens_on_any(agent_nodes& nodes, caller who, generation::request asked,
                                              std::chrono::milliseconds deadline) {
  v1::CountTokensRequest request;
  *request.mutable_who() = to_message(who);
  request.set_request(boost::json::serialize(generation::to_json(asked)));
  const auto answer = co_await nodes.any().answers.call(&methods::CountTokens, std::move(request), within(deadline));
  if (!answer) co_return std::unexpected(answer.error());
  co_return token_count{.tokens = answer->tokens(), .is_estimate = answer->is_estimate()};
}

task<result<std::vector<model_card>>> list_models_of_any(agent_nodes& nodes, caller who,
                                                         std::chrono::milliseconds deadline) {
  v1::ListModelsRequest request;
  *request.mutable_who() = to_message(who);
  const auto answer = co_await nodes.any().answers.call(&methods::ListModels, std::move(request), within(deadline));
  if (!answer) co_return std::unexpected(answer.error());
  std::vector<model_card> known;
  for (const v1::Model& each : answer->models())
    known.push_back({.name = each.name(), .provider = each.provider()});
  co_return known;
}

}  // namespace sluice::agent
