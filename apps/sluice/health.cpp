#include "app/health.hpp"

#include <algorithm>

#include "async/with_deadline.hpp"
#include "base/json_text.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::seconds interval{1};
constexpr std::chrono::seconds patience{2};
constexpr const char* not_asked = "was not asked yet";

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

health::health(async::worker_pool& workers, const telemetry::logger& log)
    : workers_(workers),
      asking_(workers[0].get_executor(), [](const std::exception_ptr& broken) { std::rethrow_exception(broken); }),
      log_(log) {}

void health::begin(std::vector<dependency> needed) {
  {
    const std::scoped_lock lock(mutex_);
    for (const dependency& one : needed)
      found_.push_back({.name = one.name, .trouble = not_asked, .is_vital = one.is_vital});
  }
  workers_[0].post([this, all = std::move(needed)]() mutable {
    needed_ = std::move(all);
    asking_.spawn(keep_asking());
  });
}

void health::await_first_look(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  first_look_.wait_for(lock, limit, [this] { return has_looked_; });
}

void health::stop() {
  workers_.run_first([](async::task_group& asking) -> task<> {
    asking.cancel();
    co_await asking.join();
  }(asking_));
}

void health::say_not_serving(std::string why) {
  const std::scoped_lock lock(mutex_);
  not_serving_ = std::move(why);
}

void health::say_serving() {
  say_not_serving({});
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
    std::vector<finding> found;
    for (const dependency& one : needed_) {
      const auto outcome = co_await async::with_deadline(one.check(), patience);
      found.push_back({.name = one.name,
                       .trouble = !outcome   ? "does not answer"
                                  : *outcome ? ""
                                             : outcome->error().message,
                       .is_vital = one.is_vital});
    }
    std::vector<finding> before = found;
    {
      const std::scoped_lock lock(mutex_);
      std::swap(found_, before);
      has_looked_ = true;
    }
    first_look_.notify_all();
    for (std::size_t i = 0; i < found.size(); ++i)
      log_change(before[i], found[i]);
    timer.expires_after(interval);
    co_await timer.async_wait(use_task);
  }
}

void health::log_change(const finding& before, const finding& now) const {
  if (now.trouble == before.trouble || (now.trouble.empty() && before.trouble == not_asked)) return;
  if (now.trouble.empty()) {
    log_.info("well again", {{"check", now.name}});
  } else {
    log_.warning(now.is_vital ? "not ready" : "ready, but not well", {{"check", now.name}, {"problem", now.trouble}});
  }
}

task<> health::answer_ready(http::exchange& with) const {
  std::string checks = "{";
  bool ready = false;
  {
    const std::scoped_lock lock(mutex_);
    append_check(checks, "serving", not_serving_);
    for (const finding& one : found_)
      append_check(checks, one.name, one.trouble);
    ready = not_serving_.empty() &&
            std::ranges::none_of(found_, [](const finding& one) { return one.is_vital && !one.trouble.empty(); });
  }
  http::response answer = http::make_response(
      ready ? 200 : 503, "application/json",
      std::string(R"({"status":)") + (ready ? R"("ready")" : R"("not ready")") + R"(,"checks":)" + checks + "}}");
  forbid_storing(answer);
  co_await with.respond(std::move(answer));
}

}  // namespace sluice::app
