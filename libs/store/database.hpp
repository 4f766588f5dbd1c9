// The SQL database: where what must outlive the process is written.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "async/task.hpp"
#include "base/error.hpp"
#include "store/await_ending.hpp"

namespace soci {
class session;
}

namespace sluice::store {

struct database_settings {
  std::string url;                                 ///< "sqlite:PATH" or "postgresql://…"; has a password in it, perhaps
  std::size_t readers = 2;                         ///< connections for reading
  std::size_t writers = 2;                         ///< connections for writing; SQLite has one
  std::size_t queue_max = 4096;                    ///< of waiting reads, and of waiting writes; past it: unavailable
  std::chrono::milliseconds busy_timeout{5'000};   ///< another process may hold the lock so long
  std::chrono::milliseconds read_timeout{10'000};  ///< a read that computes longer than that is broken off
  // Of a server:
  std::chrono::milliseconds write_timeout{10'000};   ///< the same for a statement that writes
  std::chrono::milliseconds connect_timeout{5'000};  ///< per address; at least 2 s
  std::chrono::milliseconds start_timeout{30'000};   ///< for one that is not there yet when this is opened
  std::function<void(const std::string&)> notice =
      {};  ///< told, on any thread, what somebody who operates it should know
};

/// One numbered step of a component's schema. Numbers start at 1 and have no gaps.
struct migration {
  std::uint32_t number;
  std::string_view name;  ///< "create_users"
  std::string_view sql;   ///< statements; none that begins or ends a transaction
};

/// Since it was opened; for metrics.
struct database_activity {
  std::uint64_t reads = 0;    ///< ended, well or not
  std::uint64_t writes = 0;   ///< ended, well or not
  std::uint64_t commits = 0;  ///< that went well
  std::uint64_t refused = 0;  ///< because too many waited
  std::size_t reads_waiting = 0;
  std::size_t writes_waiting = 0;
};

/// Work is a function of a `soci::session&` that returns a `result<T>`; it runs on a thread of the database's own, so
/// it owns all that it touches. It may be run again if its transaction was taken back, so it leaves as it was what it
/// owns, and does nothing but SQL. Writes of several nodes, and of one, run beside each other: what reads before it
/// writes first locks what it relies on, by an UPDATE that changes nothing. Columns are text and 64-bit integers only.
/// SOCI runs `sql << …, use(x)` at the end of the expression, when temporaries are gone already: `x` is a variable,
/// never what a call returned.
///
/// What SOCI throws comes back as an error: `unavailable` where trying again may help (locked, disk full, too many
/// waiting), `conflict` for a unique key, else `internal`; the statement and its cause are in `detail` (never its
/// values), never in the message.
///
/// Must outlive the coroutines that use it, and go before the workers that they run on.
/// What an acknowledged write outlives.
enum class durability : std::uint8_t {
  disk,     ///< a power cut
  process,  ///< the end of this process, however sudden; a power cut may take the last moments back. Costs no sync of a
            ///< file. On PostgreSQL the same as `disk`: a commit that it has not synced goes with its process.
};

class database {
 public:
  /// Opens or creates it. Blocking. The error says which file, what is wrong with it (not a database, no permission,
  /// damaged) and what to do.
  static result<std::unique_ptr<database>> open(const database_settings& told);
  /// Finishes what is queued, then closes.
  virtual ~database() = default;
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  /// Brings the component's part of the schema up to date, in one transaction; of nodes that start together, one does
  /// it and the others find it done. Blocking, before anything else is done.
  /// Refuses a schema that is newer than the program and a step that differs from what was applied under its number.
  result<void> migrate(std::string_view component, std::span<const migration> steps);

  /// Runs on one of the connections for reading, in a transaction: it sees one state of the database, with every write
  /// that was acknowledged before. A caller that is cancelled does not wait for it.
  template <class Work>
  task<std::invoke_result_t<Work, soci::session&>> read(Work work);

  /// Runs in a transaction and returns when that is on the disk. Writes that wait together may be committed together;
  /// an error or exception takes back this one only. An error of the commit itself leaves
  /// open whether a crash right after it would bring the write to light: who tries again must bear to find it done. A
  /// caller that is cancelled does not wait for it, and the write is done all the same.
  /// Those that need not outlive a power cut are as durable as what they are committed with.
  template <class Work>
  task<std::invoke_result_t<Work, soci::session&>> write(Work work, durability lasting = durability::disk);

  /// The same for command lines and start-up: the calling thread, which is none of the database's own, is blocked.
  template <class Work>
  std::invoke_result_t<Work, soci::session&> read_now(Work work);
  template <class Work>
  std::invoke_result_t<Work, soci::session&> write_now(Work work);

  /// For `/readyz`: whether it answers and can write a little.
  task<result<void>> check();

  /// From any thread.
  virtual database_activity activity() const = 0;

 protected:
  enum class transaction : std::uint8_t { reading, writing, writing_unsynced, migrating };
  /// A pointer, never null: libstdc++ 12 wants to know the size of what a reference refers to.
  using statements = std::move_only_function<result<void>(soci::session*)>;

  database() = default;

 private:
  /// Queues the work. `ended` is called exactly once, on any thread and perhaps before this returns, and does not
  /// throw.
  virtual void submit(transaction kind, statements work, ending ended) = 0;
  /// Runs statements that are separated by semicolons.
  virtual result<void> run_script(soci::session& sql, const std::string& script) = 0;

  task<result<void>> perform(transaction kind, statements work);
  result<void> perform_now(transaction kind, statements work);

  /// The work, leaving what it returns in a box: its error takes the transaction back, its value waits for the commit.
  template <class Work, class Outcome>
  static statements boxed(Work work, std::shared_ptr<std::optional<Outcome>> box) {
    return [work = std::move(work), box = std::move(box)](soci::session* sql) mutable -> result<void> {
      box->emplace(work(*sql));
      if (!box->value()) return std::unexpected(box->value().error());
      return {};
    };
  }
  template <class Work>
  task<std::invoke_result_t<Work, soci::session&>> perform_boxed(transaction kind, Work work) {
    const auto box = std::make_shared<std::optional<std::invoke_result_t<Work, soci::session&>>>();
    statements told = boxed(std::move(work), box);
    const result<void> ended = co_await perform(kind, std::move(told));
    if (!ended) co_return std::unexpected(ended.error());
    co_return std::move(**box);
  }
  template <class Work>
  std::invoke_result_t<Work, soci::session&> perform_boxed_now(transaction kind, Work work) {
    const auto box = std::make_shared<std::optional<std::invoke_result_t<Work, soci::session&>>>();
    const result<void> ended = perform_now(kind, boxed(std::move(work), box));
    if (!ended) return std::unexpected(ended.error());
    return std::move(**box);
  }
};

template <class Work>
task<std::invoke_result_t<Work, soci::session&>> database::read(Work work) {
  return perform_boxed(transaction::reading, std::move(work));
}

template <class Work>
task<std::invoke_result_t<Work, soci::session&>> database::write(Work work, durability lasting) {
  return perform_boxed(lasting == durability::disk ? transaction::writing : transaction::writing_unsynced,
                       std::move(work));
}

template <class Work>
std::invoke_result_t<Work, soci::session&> database::read_now(Work work) {
  return perform_boxed_now(transaction::reading, std::move(work));
}

template <class Work>
std::invoke_result_t<Work, soci::session&> database::write_now(Work work) {
  return perform_boxed_now(transaction::writing, std::move(work));
}

}  // namespace sluice::store
