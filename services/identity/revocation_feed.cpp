#include "identity/revocation_feed.hpp"

#include <algorithm>
#include <limits>

#include <boost/asio/post.hpp>

#include "async/with_deadline.hpp"

namespace sluice::identity {
namespace {

constexpr std::uint32_t batch_max = 1000;
constexpr std::chrono::milliseconds await_limit{250};
constexpr std::chrono::seconds node_forgotten_after{30};  // it asks anew every ten
constexpr std::size_t nodes_max = 1000;

}  // namespace

// A place in one of the lists for as long as this lives.
class revocation_feed::membership {
 public:
  membership(revocation_feed& feed, waiters& in, executor on)
      : feed_(feed), in_(in), self_(std::make_shared<waiter>(on)) {
    const std::scoped_lock lock(feed_.lock_);
    place_ = in_.insert(in_.end(), self_);
  }
  ~membership() {
    const std::scoped_lock lock(feed_.lock_);
    in_.erase(place_);
  }
  membership(const membership&) = delete;
  membership& operator=(const membership&) = delete;
  // Whether something changed before the time was over.
  task<bool> wait(std::chrono::steady_clock::duration limit) {
    return async::with_deadline(self_->changed.wait(), limit);
  }

 private:
  revocation_feed& feed_;
  waiters& in_;
  std::shared_ptr<waiter> self_;
  waiters::iterator place_;
};

revocation_feed::revocation_feed(user_store& store, std::function<void(const revocation&)> on_revoked)
    : store_(store), on_revoked_(std::move(on_revoked)) {}

task<result<void>> revocation_feed::start() {
  const auto newest = co_await store_.newest_revocation();
  if (!newest) co_return std::unexpected(newest.error());
  newest_.store(*newest, std::memory_order_release);
  co_return result<void>();
}

task<result<void>> revocation_feed::look() {
  const auto newest = co_await store_.newest_revocation();
  if (!newest) co_return std::unexpected(newest.error());
  std::uint64_t seen = newest_.load(std::memory_order_acquire);
  while (seen < *newest) {
    const auto rows = co_await store_.revocations_after(seen, batch_max);
    if (!rows) co_return std::unexpected(rows.error());
    for (const revocation& each : *rows)
      on_revoked_(each);
    seen = rows->empty() ? *newest : rows->back().number;
    publish(seen);
  }
  co_return result<void>();
}

void revocation_feed::publish(std::uint64_t newest) {
  newest_.store(newest, std::memory_order_release);
  const std::scoped_lock lock(lock_);
  wake(followers_);
}

void revocation_feed::poke() {
  const std::scoped_lock lock(lock_);
  wake(looker_);
}

void revocation_feed::wake(const waiters& whom) const {
  for (const auto& each : whom)
    asio::post(each->home, [each] { each->changed.notify(); });
}

bool revocation_feed::is_followed() {
  const std::scoped_lock lock(lock_);
  return !followers_.empty();
}

task<> revocation_feed::wait(std::chrono::milliseconds interval, std::chrono::milliseconds followed_interval) {
  membership place(*this, looker_, co_await asio::this_coro::executor);
  const auto until = std::chrono::steady_clock::now() + interval;
  for (bool poked = false; !poked;) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) co_return;
    const bool followed = is_followed();
    poked = co_await place.wait(std::min<std::chrono::steady_clock::duration>(left, followed_interval));
    if (followed) co_return;
  }
}

void revocation_feed::note_known(const std::string& follower, std::uint64_t number) {
  const std::scoped_lock lock(lock_);
  if (nodes_.size() >= nodes_max && !nodes_.contains(follower)) return;
  nodes_[follower] = {.known = number, .seen = std::chrono::steady_clock::now()};
  wake(revokers_);
}

bool revocation_feed::is_known(std::uint64_t number) {
  const auto now = std::chrono::steady_clock::now();
  const std::scoped_lock lock(lock_);
  std::erase_if(nodes_, [now](const auto& each) { return now - each.second.seen > node_forgotten_after; });
  return std::ranges::all_of(nodes_, [number](const auto& each) { return each.second.known >= number; });
}

task<> revocation_feed::await_followers() {
  const auto until = std::chrono::steady_clock::now() + await_limit;
  membership place(*this, revokers_, co_await asio::this_coro::executor);
  if (is_known(std::numeric_limits<std::uint64_t>::max())) co_return;  // nobody follows
  const auto newest = co_await store_.newest_revocation();
  if (!newest) co_return;
  while (!is_known(*newest)) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero() || !co_await place.wait(left)) co_return;
  }
}

task<result<revocation_batch>> revocation_feed::follow(std::uint64_t after, std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  membership place(*this, followers_, co_await asio::this_coro::executor);
  const std::uint64_t known = newest_.load(std::memory_order_acquire);
  if (after > known) {
    // Heard of on another node before we looked; or never made in this database.
    const auto newest = co_await store_.newest_revocation();
    if (!newest) co_return std::unexpected(newest.error());
    if (after > *newest) after = 0;
  }
  revocation_batch batch{.last = after == 0 ? known : after, .revoked = {}};
  while (newest_.load(std::memory_order_acquire) <= batch.last) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero() || !co_await place.wait(left)) co_return batch;
  }
  auto rows = co_await store_.revocations_after(batch.last, batch_max);
  if (!rows) co_return std::unexpected(std::move(rows.error()));
  batch.last = rows->empty() ? newest_.load(std::memory_order_acquire) : rows->back().number;
  batch.revoked = std::move(*rows);
  co_return batch;
}

}  // namespace sluice::identity
