#include "gateway/session_watch.hpp"

#include <boost/asio/post.hpp>

namespace sluice::gateway {
namespace {

// How long one question waits for news, and what lies between two: revocations that come in numbers are passed on
// together, for each time all sockets are looked at.
constexpr std::chrono::milliseconds patience{30'000};
constexpr std::chrono::milliseconds pause_at_first{0};
constexpr std::chrono::milliseconds pause_after_news{50};
constexpr std::chrono::milliseconds pause_after_failure{1'000};

}  // namespace

session_watch::session_watch(async::worker_pool& workers, identity::service& people, const socket_places& places,
                             const std::vector<std::unique_ptr<chat_sockets>>& sockets, const telemetry::logger& log)
    : people_(people),
      places_(places),
      sockets_(sockets),
      log_(log),
      following_(workers[0].get_executor(), [this](const std::exception_ptr& why) {
        log_.error("following revocations broke", {{"problem", message_of(why)}});
        if (!stopping_) following_.spawn(follow(pause_after_failure));
      }) {}

void session_watch::begin() {
  following_.spawn(follow(pause_at_first));
}

task<> session_watch::stop() {
  stopping_ = true;
  following_.cancel();
  co_await following_.join();
}

task<> session_watch::follow(std::chrono::milliseconds pause) {
  steady_timer timer(co_await asio::this_coro::executor);
  telemetry::log_limit troubles(std::chrono::seconds(30));
  for (;;) {
    timer.expires_after(pause);
    co_await timer.async_wait(use_task);
    auto news = co_await people_.follow_revocations(seen_, patience);
    pause = news ? pause_after_news : pause_after_failure;
    if (news) {
      seen_ = news->last;
      if (!news->revoked.empty()) tell(std::move(news->revoked));
    } else if (const auto left_out = troubles.admit()) {
      log_.warning("revocations cannot be followed: sockets outlive their sessions until they are asked about",
                   {{"problem", news.error().message}, {"detail", news.error().detail}, {"left_out", *left_out}});
    }
  }
}

void session_watch::tell(std::vector<identity::revocation> revoked) {
  auto affected = std::make_shared<revoked_sessions>();
  for (identity::revocation& one : revoked) {
    if (places_.has_sockets(one.user_id)) affected->add(std::move(one));
  }
  const std::shared_ptr<const revoked_sessions> shared = std::move(affected);
  for (const auto& here : sockets_)
    asio::post(here->get_executor(), [&all = *here, shared] { all.end_sessions(*shared); });
}

}  // namespace sluice::gateway
