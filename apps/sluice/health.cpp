#include "app/health.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>

#include "async/with_deadline.hpp"
#include "base/json_text.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::seconds interval{1};
constexpr std::chrono::seconds patience{2};

void forbid_storing(http::response& answer) {
  answer.headers.set("cache-control", "no-store");
}

task<> answer_alive(http::exchange& with) {
  http::response answer = http::make_response(200, "text/plain; charset=utf-8", "ok\n");
  forbid_storing(answer);
  co_await with.respond(std::move(answer));
}

void append_check(std::string& body, std::string_view name, std::string_view trouble) {
  if (!body.ends_with('{')) body += ',';
  append_json_string(body, name);
  body += ':';
  append_json_string(body, trouble.empty() ? "ok" : trouble);
}

}  // namespace

health::health(async::worker_pool& workers, std::vector<dependency> needed)
    : workers_(workers), needed_(std::move(needed)), troubles_(needed_.size()) {}

void health::begin() {
  asio::co_spawn(workers_[0].get_executor(), keep_asking(), [](std::exception_ptr broken) {
    if (broken) std::rethrow_exception(broken);
  });
}

std::vector<http::route> health::routes() {
  return {
      {"GET", "/livez", answer_alive},
      {"GET", "/healthz", answer_alive},
      {"GET", "/readyz", [this](http::exchange& with) { return answer_ready(with); }},
  };
}

task<> health::keep_asking() {
  steady_timer timer(workers_[0].get_executor());
  for (;;) {
    for (std::size_t i = 0; i < needed_.size(); ++i) {
      const auto outcome = co_await async::with_deadline(needed_[i].check(), patience);
      const std::scoped_lock lock(mutex_);
      troubles_[i] = !outcome ? "does not answer" : *outcome ? "" : outcome->error().message;
    }
    timer.expires_after(interval);
    co_await timer.async_wait(use_task);
  }
}

task<> health::answer_ready(http::exchange& with) const {
  const bool draining = draining_.load(std::memory_order_relaxed);
  std::string checks = "{";
  append_check(checks, "serving", draining ? "draining" : "");
  bool ready = !draining;
  {
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < needed_.size(); ++i) {
      append_check(checks, needed_[i].name, troubles_[i]);
      ready = ready && troubles_[i].empty();
    }
  }
  http::response answer = http::make_response(
      ready ? 200 : 503, "application/json",
      std::string(R"({"status":)") + (ready ? R"("ready")" : R"("not ready")") + R"(,"checks":)" + checks + "}}");
  forbid_storing(answer);
  co_await with.respond(std::move(answer));
}

}  // namespace sluice::app
