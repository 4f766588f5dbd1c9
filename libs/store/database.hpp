// The SQL database: where what must outlive the process is written.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "async/task.hpp"
#include "base/error.hpp"

namespace soci {
class session;
}

namespace sluice::store {

struct database_settings {
  std::string url;  ///< "sqlite:PATH"
  std::size_t readers = 2;
  std::size_t queue_max = 4096;                   ///< of waiting reads, and of waiting writes; past it: unavailable
  std::chrono::milliseconds busy_timeout{5'000};  ///< another process may hold the lock so long
};

/// One numbered step of a component's schema. Numbers start at 1 and have no gaps.
struct migration {
  std::uint32_t number;
  std::string_view name;  ///< "create_users"
  std::string_view sql;   ///< statements, separated by semicolons at the ends of lines
};

/// Work is a function of a `soci::session&` that returns a `result<T>`; it runs on a thread of the database's own, so
/// it owns all that it touches. Columns are text and 64-bit integers only. What SOCI throws comes back as an error:
/// `unavailable` where trying again may help (locked, disk full, too many waiting), `conflict` for a unique key, else
/// `internal`; the statement and its cause are in `detail`, never in the message.
class database {
 public:
  /// Opens or creates it. Blocking. The error says which file, what is wrong with it (not a database, no permission,
  /// damaged) and what to do.
  static result<std::unique_ptr<database>> open(database_settings told);
  virtual ~database() = default;

  /// Brings the component's part of the schema up to date, in one transaction. Blocking, before anything else is done.
  /// Refuses a schema that is newer than the program and a step that differs from what was applied under its number.
  virtual result<void> migrate(std::string_view component, std::span<const migration> steps) = 0;

  /// Runs on one of the connections for reading; sees every write that was acknowledged before.
  template <class Work>
  task<std::invoke_result_t<Work, soci::session&>> read(Work work);

  /// Runs in a transaction and returns when that is on the disk. Writes that wait together are committed together; each
  /// has its own savepoint, so an error or exception takes back this one only.
  template <class Work>
  task<std::invoke_result_t<Work, soci::session&>> write(Work work);

  /// The same on the calling thread, for command lines and start-up.
  template <class Work>
  std::invoke_result_t<Work, soci::session&> read_now(Work work);
  template <class Work>
  std::invoke_result_t<Work, soci::session&> write_now(Work work);

  /// For `/readyz`: whether it answers.
  virtual task<result<void>> check() = 0;
};

}  // namespace sluice::store
