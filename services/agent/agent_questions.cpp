// Questions to providers that are no generations: nobody follows them, and nothing is stored but what they used.
#include "agent/agent.hpp"
#include "agent/attempt_plan.hpp"
#include "base/ids.hpp"

namespace sluice::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::size_t bytes_of(const generation::embedding_request& asked) {
  std::size_t bytes = 0;
  for (const generation::embedding_input& input : asked.inputs)
    bytes += input.text.size() + 4 * input.tokens.size();
  return bytes;
}

std::size_t bytes_of(const generation::embeddings& made) {
  std::size_t bytes = 0;
  for (const std::vector<float>& vector : made.vectors)
    bytes += sizeof(float) * vector.size();
  return bytes;
}

}  // namespace

task<result<token_count>> agent::count_tokens(caller, generation::request asked) {
  const result<route> chosen = routes_.choose(asked.model, routes_.roll());
  if (!chosen) co_return std::unexpected(chosen.error());
  result<std::int64_t> counted = co_await chosen->to->count_tokens(asked, chosen->provider_model);
  if (counted) co_return token_count{.tokens = *counted};
  if (counted.error().reason != error_reason::not_implemented)
    co_return std::unexpected(for_client(std::move(counted.error())));
  co_return token_count{.tokens = estimate_tokens(generation::text_bytes(asked)), .is_estimate = true};
}

task<result<embedding_answer>> agent::embed(caller who, generation::embedding_request asked) {
  if (auto refused = refusal_of_new_work()) co_return std::unexpected(std::move(*refused));
  result<route> chosen = routes_.choose(asked.model, routes_.roll());
  if (!chosen) co_return std::unexpected(std::move(chosen.error()));
  const std::string model = chosen->model;
  const steady_clock::time_point began = steady_clock::now();
  const milliseconds patience = chosen->to->patience(true);
  attempt_plan plan(std::move(*chosen), settings_.retry, patience, began, false);
  generation::finish how;
  for (;;) {
    const steady_clock::time_point since = steady_clock::now();
    result<generation::embeddings> made = co_await plan.current().to->embed(asked, plan.current().provider_model);
    const steady_clock::time_point now = steady_clock::now();
    if (made) {
      if (made->usage.source != generation::usage_source::provider)
        made->usage.input_tokens = estimate_tokens(bytes_of(asked));
      how.usage = made->usage;
      how.provider = plan.current().to->name();
      how.provider_model = plan.current().provider_model;
      how.attempts = plan.number();
      how.total = std::chrono::duration_cast<milliseconds>(now - began);
      co_await records_.record(
          std::make_shared<ended_generation>(ended_generation{.id = make_id("gen"),
                                                              .who = std::move(who),
                                                              .conversation_id = {},
                                                              .message_id = {},
                                                              .model = model,
                                                              .answer = {},
                                                              .how = std::move(how),
                                                              .ended_at = std::chrono::system_clock::now()}));
      if (bytes_of(*made) > embedding_bytes_max)
        co_return failure(error_reason::too_large, "so many vectors are too many for one answer; ask for fewer",
                          "input");
      co_return embedding_answer{.made = std::move(*made), .model = model};
    }
    how.earlier.push_back({.provider = std::string(plan.current().to->name()),
                           .provider_model = plan.current().provider_model,
                           .reason = made.error().reason,
                           .total = std::chrono::duration_cast<milliseconds>(now - since)});
    const auto wait = plan.next(made.error(), routes_, now, routes_.roll());
    if (!wait) co_return std::unexpected(for_client(plan.verdict()));
    if (wait->count() == 0) continue;
    steady_timer timer(co_await asio::this_coro::executor, *wait);
    co_await timer.async_wait(use_task);
  }
}

}  // namespace sluice::agent
