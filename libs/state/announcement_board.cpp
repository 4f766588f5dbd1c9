#include "state/announcement_board.hpp"

#include <algorithm>
#include <deque>

#include <boost/asio/post.hpp>

#include "async/wakeup.hpp"

namespace sluice::state {

struct announcement_board::mailbox : std::enable_shared_from_this<mailbox> {
  mailbox(executor at, std::vector<std::string> about) : on(at), topics(std::move(about)), news(at) {}

  void put(const announcement& one) {
    {
      const std::scoped_lock lock(mutex);
      if (missed) return;
      if (one.missed || waiting.size() >= waiting_max) {
        missed = true;
        waiting.clear();
      } else {
        waiting.push_back(one);
        if (waiting.size() > 1) return;  // somebody has been told already
      }
    }
    asio::post(on, [self = shared_from_this()] { self->news.notify(); });
  }
  std::optional<announcement> take() {
    const std::scoped_lock lock(mutex);
    if (std::exchange(missed, false)) return announcement{.topic = {}, .text = {}, .missed = true};
    if (waiting.empty()) return std::nullopt;
    announcement next = std::move(waiting.front());
    waiting.pop_front();
    return next;
  }

  const executor on;
  const std::vector<std::string> topics;
  std::mutex mutex;
  std::deque<announcement> waiting;
  bool missed = false;
  async::wakeup news;  // only on the worker
};

class announcement_board::reader final : public subscription {
 public:
  explicit reader(std::shared_ptr<mailbox> from) : from_(std::move(from)) {}
  task<announcement> next() override {
    const std::shared_ptr<mailbox> from = from_;
    for (;;) {
      if (auto one = from->take()) co_return std::move(*one);
      co_await from->news.wait();
    }
  }

 private:
  std::shared_ptr<mailbox> from_;
};

std::unique_ptr<subscription> announcement_board::subscribe(executor on, std::vector<std::string> topics) {
  auto made = std::make_shared<mailbox>(on, std::move(topics));
  const std::scoped_lock lock(mutex_);
  std::erase_if(mailboxes_, [](const auto& one) { return one.expired(); });
  mailboxes_.push_back(made);
  return std::make_unique<reader>(std::move(made));
}

void announcement_board::announce(const std::string& topic, const std::string& text) {
  for (const auto& one : listeners()) {
    if (std::ranges::find(one->topics, topic) != one->topics.end())
      one->put({.topic = topic, .text = text, .missed = false});
  }
}

void announcement_board::admit_gap() {
  for (const auto& one : listeners())
    one->put({.topic = {}, .text = {}, .missed = true});
}

// Those that there still are; told outside of the lock.
std::vector<std::shared_ptr<announcement_board::mailbox>> announcement_board::listeners() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<mailbox>> all;
  for (const auto& one : mailboxes_) {
    if (auto there = one.lock()) all.push_back(std::move(there));
  }
  return all;
}

}  // namespace sluice::state
