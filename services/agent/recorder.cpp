#include "agent/recorder.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "agent/ended_generation.hpp"
#include "async/with_deadline.hpp"

namespace sluice::agent {
namespace {

// Between two looks at what is not on the disk yet, when the process ends.
constexpr std::chrono::milliseconds look_again{20};

// Of one worker, on their way to the store: what ends meanwhile goes together.
constexpr std::size_t batches_max = 4;

constexpr const char* lost = "neither the database nor the outbox could be written until the process had to end";

// A store's promise is a result; what it throws all the same must not cost the record.
task<result<void>> write(conversation_store& to, ended_generations ended) {
  try {
    co_return co_await to.record(std::move(ended));
  } catch (const std::exception& problem) {
    co_return std::unexpected(error{
        .reason = error_reason::unavailable, .message = "the record could not be written", .detail = problem.what()});
  }
}

// Whether it was not the store that was away, full, locked or slow.
bool is_final(const error& why) {
  switch (why.reason) {
    case error_reason::unavailable:
    case error_reason::timed_out:
    case error_reason::cancelled:
      return false;
    default:
      return true;
  }
}

}  // namespace

recorder::recorder(async::worker_pool& workers, conversation_store& to, store::outbox& outbox, settings told,
                   trouble_handler on_trouble)
    : workers_(workers), store_(to), outbox_(outbox), settings_(told), on_trouble_(std::move(on_trouble)) {
  for (std::size_t i = 0; i < workers.size(); ++i)
    shifts_.push_back(std::make_unique<shift>(workers[i].get_executor()));
}

task<> recorder::record(std::shared_ptr<const ended_generation> ended) {
  const executor here = workers_[async::this_worker()].get_executor();
  std::shared_ptr<batch>& next = shifts_[async::this_worker()]->next;
  const bool is_first = !next;
  if (is_first) next = std::make_shared<batch>();
  const std::shared_ptr<batch> mine = next;
  async::wakeup settled(here);
  mine->waiting.push_back(&settled);
  {
    const std::scoped_lock lock(mutex_);
    mine->records.push_back(std::move(ended));
    if (is_first) writing_.push_back(mine);
  }
  if (is_first) {
    asio::co_spawn(here, write_batch(mine), [](std::exception_ptr broken) {
      if (broken) std::rethrow_exception(broken);
    });
  }
  while (!mine->is_settled)
    co_await settled.wait();
}

task<> recorder::await_turn(shift& here) {
  while (here.under_way >= batches_max)
    co_await here.one_done.wait();
}

task<result<void>> recorder::write_in_time(std::shared_ptr<batch> full) {
  using std::chrono::steady_clock;
  constexpr const char* late = "the database did not write a record in time";
  const auto deadline = steady_clock::now() + settings_.patience;
  shift& here = *shifts_[async::this_worker()];
  // Behind all that is ready to run, so that what ends with it can join.
  co_await asio::post(workers_[async::this_worker()].get_executor(), use_task);
  bool in_time = true;
  if (here.under_way >= batches_max) in_time = co_await async::with_deadline(await_turn(here), settings_.patience);
  here.next.reset();
  if (!in_time) co_return failure(error_reason::timed_out, late);
  ++here.under_way;
  auto outcome = co_await async::with_deadline(write(store_, full->records), deadline - steady_clock::now());
  --here.under_way;
  here.one_done.notify();
  if (!outcome) co_return failure(error_reason::timed_out, late);
  co_return std::move(*outcome);
}

task<> recorder::write_batch(std::shared_ptr<batch> full) {
  const result<void> written = co_await write_in_time(full);
  if (!written) {
    for (const auto& one : full->records)
      co_await put_by(one, written.error());
  }
  {
    const std::scoped_lock lock(mutex_);
    std::erase(writing_, full);
  }
  full->is_settled = true;
  for (async::wakeup* const one : full->waiting)
    one->notify();
}

task<> recorder::put_by(std::shared_ptr<const ended_generation> ended, error why) {
  std::string text = to_text(*ended);
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back({.what = ended, .bytes = text.size()});
    waiting_bytes_.fetch_add(text.size(), std::memory_order_relaxed);
  }
  const result<void> kept = co_await outbox_.append(std::move(text));
  if (kept) {
    on_trouble_(record_trouble::waits, ended.get(), why);
    co_return;
  }
  mark(ended, false);
  on_trouble_(record_trouble::in_memory, ended.get(), kept.error());
}

ended_generations recorder::waiting_in(const std::string& conversation_id) const {
  ended_generations found;
  const std::scoped_lock lock(mutex_);
  for (const waiting_record& one : waiting_) {
    if (one.what->conversation_id == conversation_id) found.push_back(one.what);
  }
  return found;
}

std::shared_ptr<const ended_generation> recorder::find_waiting(const std::string& generation_id) const {
  const std::scoped_lock lock(mutex_);
  for (const waiting_record& one : waiting_) {
    if (one.what->id == generation_id) return one.what;
  }
  return nullptr;
}

std::size_t recorder::waiting() const {
  const std::scoped_lock lock(mutex_);
  return waiting_.size();
}

task<result<void>> recorder::catch_up() {
  const auto delivered =
      co_await outbox_.replay([this](std::vector<std::string> texts) { return deliver(std::move(texts)); });
  if (!delivered) co_return std::unexpected(delivered.error());
  co_return result<void>{};
}

void recorder::begin() {
  asio::co_spawn(workers_[0].get_executor(), try_again(), [](std::exception_ptr broken) {
    if (broken) std::rethrow_exception(broken);
  });
}

// Together, if all of them are taken: each commit waits for the disk.
task<result<void>> recorder::deliver(std::vector<std::string> texts) {
  ended_generations all;
  for (const std::string& text : texts) {
    if (auto ended = parse_ended_generation(text)) all.push_back(std::move(*ended));
  }
  if (all.size() == texts.size() && all.size() > 1) {
    const result<void> written = co_await write(store_, all);
    if (!written && !is_final(written.error())) co_return written;
    if (written) {
      for (const auto& one : all)
        drop(one->id);
      co_return written;
    }
  }
  for (std::string& text : texts) {
    if (auto done = co_await deliver_one(std::move(text)); !done) co_return done;
  }
  co_return result<void>{};
}

task<result<void>> recorder::deliver_one(std::string text) {
  const auto ended = parse_ended_generation(text);
  if (!ended) co_return co_await set_aside(std::move(text), nullptr, ended.error());
  ended_generations one{*ended};
  const result<void> written = co_await write(store_, std::move(one));
  // A damaged store refuses everything, and may be mended: only what one in good health refuses will never be taken.
  if (!written && is_final(written.error()) && co_await store_.check()) {
    const result<void> aside = co_await set_aside(std::move(text), ended->get(), written.error());
    if (!aside) co_return aside;
  } else if (!written) {
    co_return written;
  }
  drop((*ended)->id);
  co_return result<void>{};
}

// One that will never be taken must not keep those behind it from the store.
task<result<void>> recorder::set_aside(std::string text, const ended_generation* of, error why) {
  const result<void> kept = co_await outbox_.set_aside(std::move(text));
  if (kept) {
    on_trouble_(record_trouble::set_aside, of, why);
    co_return kept;
  }
  const std::string id = of == nullptr ? "unreadable" : of->id;
  if (std::exchange(stuck_, id) != id) on_trouble_(record_trouble::waits, of, kept.error());
  co_return kept;
}

task<> recorder::try_again() {
  steady_timer timer(workers_[0].get_executor());
  for (;;) {
    timer.expires_after(settings_.retry);
    co_await timer.async_wait(use_task);
    // Who had to wait was told of; that the wait goes on is no news.
    if (outbox_.records_waiting() != 0) std::ignore = co_await catch_up();
    co_await save_from_memory();
  }
}

// What neither the store nor the outbox would take: the disk is full, for one.
task<> recorder::save_from_memory() {
  while (const auto next = next_in_memory()) {
    ended_generations one{next};
    const result<void> written = co_await write(store_, std::move(one));
    if (written) {
      drop(next->id);
      continue;
    }
    // The outbox's own turn finds out what will never be taken.
    if (const result<void> kept = co_await outbox_.append(to_text(*next)); !kept) co_return;
    mark(next, true);
    on_trouble_(record_trouble::waits, next.get(), written.error());
  }
}

task<> recorder::settle(std::chrono::milliseconds limit) {
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + std::max(limit, settings_.patience + settings_.retry);
  steady_timer timer(co_await asio::this_coro::executor);
  for (;;) {
    const ended_generations left = unsaved();
    if (left.empty()) co_return;
    if (steady_clock::now() >= deadline) {
      for (const auto& one : left)
        on_trouble_(record_trouble::lost, one.get(), {.reason = error_reason::unavailable, .message = lost});
      co_return;
    }
    timer.expires_after(look_again);
    co_await timer.async_wait(use_task);
  }
}

ended_generations recorder::unsaved() const {
  ended_generations found;
  const std::scoped_lock lock(mutex_);
  for (const waiting_record& one : waiting_) {
    if (!one.in_outbox) found.push_back(one.what);
  }
  for (const auto& one : writing_)
    std::ranges::copy_if(one->records, std::back_inserter(found),
                         [&](const auto& record) { return std::ranges::find(found, record) == found.end(); });
  return found;
}

std::shared_ptr<const ended_generation> recorder::next_in_memory() const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::ranges::find(waiting_, false, &waiting_record::in_outbox);
  return found == waiting_.end() ? nullptr : found->what;
}

void recorder::mark(const std::shared_ptr<const ended_generation>& which, bool in_outbox) {
  const std::scoped_lock lock(mutex_);
  const auto place = std::ranges::find(waiting_, which, &waiting_record::what);
  if (place == waiting_.end() || place->in_outbox == in_outbox) return;
  place->in_outbox = in_outbox;
  in_memory_.fetch_add(in_outbox ? -1 : 1, std::memory_order_relaxed);
}

void recorder::drop(const std::string& generation_id) {
  const std::scoped_lock lock(mutex_);
  const auto gone = std::ranges::find(waiting_, generation_id,
                                      [](const waiting_record& one) -> const std::string& { return one.what->id; });
  if (gone == waiting_.end()) return;
  waiting_bytes_.fetch_sub(gone->bytes, std::memory_order_relaxed);
  if (!gone->in_outbox) in_memory_.fetch_sub(1, std::memory_order_relaxed);
  waiting_.erase(gone);
}

}  // namespace sluice::agent
