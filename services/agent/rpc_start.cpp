#include "agent/rpc_start.hpp"

#include "agent/rpc_messages.hpp"

namespace sluice::agent {
namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds first_pause{200};
constexpr milliseconds last_pause{800};

bool is_worth_another(const start_request& asked, const result<v1::Started>& answer) {
  return asked.key && !answer && answer.error().reason == error_reason::unavailable;
}

}  // namespace

task<result<v1::Started>> start_on_any(agent_nodes& nodes, start_request asked, milliseconds deadline) {
  const auto until = clock::now() + deadline;
  const v1::StartRequest message = to_message(asked);
  for (milliseconds pause = first_pause;; pause *= 2) {
    rpc::call_options how;
    how.deadline = deadline;
    how.request_id = asked.request_id;
    how.trace = asked.trace;
    auto answer = co_await nodes.any().answers.call(&rpc::methods<v1::Agent>::Start, message, std::move(how));
    const bool is_last = pause > last_pause || clock::now() + pause >= until;
    if (is_last || !is_worth_another(asked, answer)) co_return answer;
    steady_timer later(co_await asio::this_coro::executor, pause);
    co_await later.async_wait(use_task);
  }
}

}  // namespace sluice::agent
