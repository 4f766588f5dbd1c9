#include "store/outbox.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <pthread.h>

namespace sluice::store {
namespace {

constexpr std::size_t batch_max = 256;
// Of a replay: so many at once, and no more after so many bytes.
constexpr std::size_t together_max = 64;
constexpr std::uint64_t together_bytes = 1U << 20U;

}  // namespace

result<std::unique_ptr<outbox>> outbox::open(outbox_settings told) {
  auto file = record_file::open(told.file);
  if (!file) return std::unexpected(file.error());
  // A disk that has none to spare already is no reason not to begin: `check` tells of it.
  std::ignore = file->hold_room(told.room_bytes);
  return std::unique_ptr<outbox>(new outbox(std::move(told), std::move(*file)));
}

outbox::outbox(outbox_settings told, record_file file)
    : told_(std::move(told)),
      damaged_bytes_found_(file.damaged_bytes_found()),
      records_waiting_(file.records_found()),
      bytes_waiting_(file.size()),
      file_(std::move(file)),
      jobs_(told_.queue_max),
      thread_([this] { serve(); }) {
  pthread_setname_np(thread_.native_handle(), "outbox");
}

outbox::~outbox() {
  jobs_.close();
  thread_.join();
}

task<result<void>> outbox::append(std::string record) {
  job wanted{.record = std::move(record)};
  co_return co_await perform(std::move(wanted));
}

task<result<void>> outbox::set_aside(std::string record) {
  job wanted{
      .work = [this, record = std::move(record)]() mutable -> result<void> { return add_refused(std::move(record)); }};
  co_return co_await perform(std::move(wanted));
}

task<result<void>> outbox::check() {
  job wanted{.work = [this] { return look_for_room(); }};
  co_return co_await perform(std::move(wanted));
}

task<result<std::size_t>> outbox::replay(deliver_function deliver) {
  const std::shared_ptr<std::atomic<bool>> flag = replaying_;
  if (flag->exchange(true)) co_return failure(error_reason::conflict, "the outbox is being replayed already");
  const std::unique_ptr<std::atomic<bool>, void (*)(std::atomic<bool>*)> until_the_end(
      flag.get(), [](std::atomic<bool>* replaying) { replaying->store(false); });
  for (std::size_t delivered = 0;;) {
    auto records = co_await front();
    if (!records) co_return std::unexpected(records.error());
    if (records->empty()) co_return delivered;
    const std::size_t count = records->size();
    const result<void> done = co_await deliver(std::move(*records));
    if (!done) co_return std::unexpected(done.error());
    const result<void> popped = co_await pop();
    if (!popped) co_return std::unexpected(popped.error());
    delivered += count;
  }
}

task<result<std::vector<std::string>>> outbox::front() {
  // Of the job, which a cancelled caller leaves behind.
  const auto texts = std::make_shared<std::vector<std::string>>();
  job wanted{.work = [this, texts]() -> result<void> {
    front_next_ = front_;
    while (front_next_ != file_.size() && texts->size() < together_max && front_next_ - front_ < together_bytes) {
      auto record = file_.read(front_next_);
      if (!record && texts->empty()) return std::unexpected(record.error());
      if (!record) break;  // what is good goes first
      front_next_ = record->next;
      texts->push_back(std::move(record->text));
    }
    front_records_ = texts->size();
    return {};
  }};
  const result<void> read = co_await perform(std::move(wanted));
  if (!read) co_return std::unexpected(read.error());
  co_return std::move(*texts);
}

task<result<void>> outbox::pop() {
  job wanted{.work = [this]() -> result<void> {
    front_ = front_next_;
    records_waiting_.fetch_sub(front_records_, std::memory_order_relaxed);
    if (front_ != file_.size()) return {};
    auto cleared = file_.clear();
    if (cleared) front_ = 0;
    std::ignore = file_.hold_room(told_.room_bytes);
    bytes_waiting_.store(file_.size(), std::memory_order_relaxed);
    return cleared;
  }};
  co_return co_await perform(std::move(wanted));
}

task<result<void>> outbox::perform(job wanted) {
  return await_ending([this, wanted = std::move(wanted)](ending ended) mutable {
    wanted.ended = std::move(ended);
    if (!jobs_.push(wanted))
      wanted.ended(failure(error_reason::unavailable, "the server is overloaded (too much waits for the outbox)"));
  });
}

void outbox::serve() {
  for (;;) {
    std::vector<job> taken = jobs_.take(batch_max);
    if (taken.empty()) return;
    append_all(taken);
    for (job& one : taken) {
      if (one.work) one.outcome = one.work();
      one.work = nullptr;
      one.ended(std::move(one.outcome));
    }
  }
}

// Those that fit, in one write and one sync where that works.
void outbox::append_all(std::span<job> jobs) {
  std::vector<std::string> texts;
  std::vector<job*> appended;
  std::uint64_t size = file_.size();
  for (job& one : jobs) {
    if (!one.record) continue;
    const std::uint64_t grown = size + record_file::header_bytes + one.record->size();
    if (grown > told_.bytes_max || one.record->size() > record_file::text_bytes_max) {
      one.outcome = failure(error_reason::unavailable, "the outbox " + told_.file.string() + " is full");
      continue;
    }
    size = grown;
    texts.push_back(std::move(*one.record));
    appended.push_back(&one);
  }
  if (texts.empty()) return;
  std::size_t kept = 0;
  if (const result<void> written = file_.append(texts); written) {
    kept = texts.size();
  } else {
    // Where all have no room, some may.
    for (std::size_t i = 0; i < texts.size(); ++i) {
      appended[i]->outcome = texts.size() == 1 ? written : file_.append({&texts[i], 1});
      if (appended[i]->outcome) ++kept;
    }
  }
  // While the disk has some, so that there is as much left for the next ones.
  std::ignore = file_.hold_room(told_.room_bytes);
  records_waiting_.fetch_add(kept, std::memory_order_relaxed);
  bytes_waiting_.store(file_.size(), std::memory_order_relaxed);
}

result<void> outbox::add_refused(std::string record) {
  const std::filesystem::path place = told_.file.string() + ".refused";
  if (!refused_) {
    auto opened = record_file::open(place);
    if (!opened) return std::unexpected(opened.error());
    refused_ = std::move(*opened);
  }
  if (refused_->size() + record_file::header_bytes + record.size() > told_.bytes_max)
    return failure(error_reason::unavailable, place.string() + " is full: move it elsewhere");
  return refused_->append({&record, 1});
}

result<void> outbox::look_for_room() {
  const std::filesystem::path folder = told_.file.parent_path();
  std::error_code problem;
  const auto room = std::filesystem::space(folder, problem);
  if (problem) return failure(error_reason::unavailable, "the disk of " + folder.string() + " cannot be looked at");
  if (room.available >= told_.free_bytes_min) {
    // What was used while the disk was full, or was not to be had at first.
    std::ignore = file_.hold_room(told_.room_bytes);
    return {};
  }
  return failure(error_reason::unavailable,
                 fmt::format("the disk of {} is full: {} KiB are left", folder.string(), room.available / 1024));
}

}  // namespace sluice::store
