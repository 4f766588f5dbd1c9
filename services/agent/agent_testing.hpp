// What the tests of the agent share: an agent on a database of its own, and clients that read to the end.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "agent/agent.hpp"
#include "agent/conversation_store_sql.hpp"
#include "agent/conversations.hpp"
#include "agent/providers/mock.hpp"
#include "agent/recorder.hpp"
#include "generation/cursor.hpp"
#include "store/database_testing.hpp"

namespace sluice::agent {

class silent_observer final : public observer {
 public:
  void on_started(const live_generation&) override { ++started; }
  void on_attempted(const live_generation&, std::uint32_t, const generation::finish&) override { ++attempted; }
  void on_ended(const live_generation&, const generation::finish&) override { ++ended; }
  void on_broken(const live_generation&, std::exception_ptr) override { ++broken; }
  std::atomic<int> started = 0;
  std::atomic<int> attempted = 0;
  std::atomic<int> ended = 0;
  std::atomic<int> broken = 0;
};

inline generation::message user_says(std::string text) {
  return {.role = generation::role::user, .parts = {{generation::text_part{std::move(text)}}}};
}

inline start_request ask(std::string text, std::string user = "usr_1") {
  start_request asked;
  asked.request.messages.push_back(user_says(std::move(text)));
  asked.who.user_id = std::move(user);
  return asked;
}

// Reads to the end on its worker.
inline task<std::string> read_all(std::shared_ptr<generation::log> source) {
  async::wakeup growth(co_await asio::this_coro::executor);
  generation::cursor reader(source, 0, growth);
  std::string text;
  while (!reader.finished()) {
    while (const auto found = reader.next(generation::merging::neighbours, 1 << 16)) {
      if (found->kind == generation::delta_kind::text) text += source->copy(found->begin, found->end);
    }
    if (!reader.finished()) co_await growth.wait();
  }
  co_return text;
}

/// Every object that an agent needs, from the disk up. `restart` is another process on the same folder.
class agent_fixture : public testing::Test {
 protected:
  void build(std::vector<std::shared_ptr<provider>> providers, settings rules = {}) {
    providers_ = std::move(providers);
    rules_ = std::move(rules);
    rules_.models.push_back({.name = "mock", .targets = {{.provider = "mock"}}});
    rules_.default_model = "mock";
    open();
  }
  void build(const mock_settings& told, settings rules = {}) {
    build({std::make_shared<mock>(told)}, std::move(rules));
  }
  void restart() {
    close();
    open();
  }
  void TearDown() override { close(); }

  template <class T>
  T on_worker(task<T> work, std::size_t worker = 0) {
    return asio::co_spawn((*workers)[worker].get_executor(), std::move(work), asio::use_future).get();
  }
  std::shared_ptr<generation::log> log_of(const std::string& id, const std::string& user = "usr_1") {
    return on_worker(subject->follow({.user_id = user}, id, 0))->log;
  }
  /// Starts it and returns the whole answer.
  std::string answer_to(start_request asked) {
    const auto begun = on_worker(subject->start(std::move(asked)));
    if (!begun) return begun.error().message;
    last = *begun;
    return on_worker(read_all(log_of(begun->generation_id, "usr_1")));
  }

  int count_of(record_trouble what) const { return troubles[static_cast<std::size_t>(what)]; }

  void open() {
    workers = std::make_unique<async::worker_pool>(2);
    database = store::must_open({.url = database_url, .busy_timeout = std::chrono::milliseconds(50)});
    auto opened = store::outbox::open({.file = scratch / "outbox", .room_bytes = outbox_room_bytes});
    ASSERT_TRUE(opened) << opened.error().message;
    outbox = std::move(*opened);
    kept = std::make_unique<conversation_store_sql>(*database);
    ASSERT_TRUE(kept->migrate());
    records = std::make_unique<recorder>(
        *workers, *kept, *outbox,
        recorder::settings{
            .patience = patience, .retry = std::chrono::milliseconds(20), .waiting_bytes_max = waiting_bytes_max},
        [this](record_trouble what, const ended_generation*, const error&) {
          ++troubles[static_cast<std::size_t>(what)];
        });
    ASSERT_TRUE(workers->run_first(records->catch_up()));
    const auto closed = kept->close_interrupted(std::chrono::system_clock::now());
    ASSERT_TRUE(closed);
    interrupted = *closed;
    subject = std::make_unique<agent>(*workers, rules_, providers_, *kept, *records, watcher, spans);
    stored = std::make_unique<conversations>(*kept, *subject);
    records->begin();
    subject->begin();
    workers->start();
  }
  void close() {
    if (!workers) return;
    workers->stop();
    stored.reset();
    subject.reset();
    records.reset();
    kept.reset();
    outbox.reset();
    database.reset();
    workers.reset();
  }

  const store::scratch_directory scratch;
  std::string database_url = "sqlite:" + (scratch / "data.db").string();
  std::uint64_t outbox_room_bytes = 1 << 16;
  std::chrono::milliseconds patience{200};    // of a record
  std::uint64_t waiting_bytes_max = 1 << 20;  // of records; set it before `build`
  std::unique_ptr<async::worker_pool> workers;
  std::unique_ptr<store::database> database;
  std::unique_ptr<store::outbox> outbox;
  std::unique_ptr<conversation_store_sql> kept;
  std::unique_ptr<recorder> records;
  silent_observer watcher;
  telemetry::tracer spans;  // off
  std::unique_ptr<agent> subject;
  std::unique_ptr<conversations> stored;
  started last;
  std::uint64_t interrupted = 0;
  std::array<std::atomic<int>, 4> troubles{};  // by kind

 private:
  std::vector<std::shared_ptr<provider>> providers_;
  settings rules_;
};

}  // namespace sluice::agent
