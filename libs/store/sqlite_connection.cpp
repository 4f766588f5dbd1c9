#include "store/sqlite_connection.hpp"

#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/private_files.hpp"
#include "store/sqlite_error.hpp"

namespace sluice::store {
namespace {

namespace fs = std::filesystem;

// In the write-ahead log every commit is synced; what has been checkpointed is cut back to this size.
constexpr std::string_view setup = R"(
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA journal_size_limit = 67108864;
)";

// Of SQLite's virtual machine: some 100 µs.
constexpr int instructions_between_looks = 10'000;

sqlite_api::sqlite3* handle(soci::session& sql) {
  return static_cast<soci::sqlite3_session_backend*>(sql.get_backend())->conn_;
}

// An empty file for the owner alone, if there is none. SQLite gives its other files the same mode. A file that is there
// is not opened: closing it would drop the locks that this process has on it.
result<void> make_file(const fs::path& file) {
  if (auto made = make_private_directory(file.parent_path()); !made) return made;
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor >= 0) {
    ::close(descriptor);
    return {};
  }
  if (errno != EEXIST)
    return failure(error_reason::internal, fmt::format("cannot make the database {}: {}; let this process write there",
                                                       file.string(), system_message(errno)));
  struct stat about{};
  if (::stat(file.c_str(), &about) == 0 && !S_ISREG(about.st_mode))
    return failure(error_reason::internal,
                   fmt::format("the database {} is no file; move it away or choose another name", file.string()));
  if (::faccessat(AT_FDCWD, file.c_str(), R_OK | W_OK, AT_EACCESS) != 0)
    return failure(error_reason::internal, fmt::format("cannot read and write the database {}: {}; give this process' "
                                                       "user both permissions",
                                                       file.string(), system_message(errno)));
  return {};
}

// What to tell who starts the program, by SQLite's primary result code.
error opening_error(const fs::path& file, const error& cause, int code) {
  const auto advice = [&]() -> std::string {
    switch (code & 0xff) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        return "is locked by another process; end that one, or try again";
      case SQLITE_NOTADB:
        return "is not a SQLite database; move it away or choose another name";
      case SQLITE_CORRUPT:
        return "is damaged; restore a backup, or save what can be saved with `sqlite3 FILE .recover`";
      case SQLITE_FULL:
        return "has no room left on its disk; make some";
      case SQLITE_READONLY:
      case SQLITE_PERM:
      case SQLITE_CANTOPEN:
        return "cannot be written; let this process write the file and its folder";
      default:
        return "cannot be opened (" + cause.detail + ")";
    }
  }();
  return {.reason = cause.reason,
          .message = fmt::format("the database {} {}", file.string(), advice),
          .detail = cause.detail};
}

// One value of a PRAGMA.
result<std::string> ask(soci::session& sql, const std::string& query) {
  std::string answer;
  std::move_only_function<result<void>(soci::session*)> asking = [&](soci::session* on) -> result<void> {
    *on << query, soci::into(answer);
    return {};
  };
  if (auto asked = guarded(sql, asking); !asked) return std::unexpected(asked.error());
  return answer;
}

}  // namespace

result<void> run_sqlite_script(soci::session& sql, const std::string& script) {
  const int code = sqlite_api::sqlite3_exec(handle(sql), script.c_str(), nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return std::unexpected(sqlite_error(code, fmt::format("{} in: {}", sqlite_api::sqlite3_errmsg(handle(sql)), script)));
}

result<sqlite_connection> sqlite_connection::open(const fs::path& file, std::chrono::milliseconds busy_timeout) {
  if (file.string().find_first_of(std::string_view("\"\0", 2)) != std::string::npos)
    return failure(error_reason::invalid_argument, "the database's path must not have a quotation mark in it");
  if (auto made = make_file(file); !made) return std::unexpected(made.error());
  std::unique_ptr<soci::session> session;
  try {
    session = std::make_unique<soci::session>(soci::sqlite3, "dbname=\"" + file.string() + "\"");
  } catch (const soci::sqlite3_soci_error& problem) {
    return std::unexpected(
        opening_error(file, sqlite_error(problem.result(), problem.get_error_message()), problem.result()));
  }
  sqlite_api::sqlite3* const raw = handle(*session);
  sqlite_connection made(std::move(session));
  if (auto ready = made.set_up(busy_timeout); !ready)
    return std::unexpected(opening_error(file, ready.error(), sqlite_api::sqlite3_errcode(raw)));
  return made;
}

result<void> sqlite_connection::set_up(std::chrono::milliseconds busy_timeout) {
  sqlite_api::sqlite3* const raw = handle(*session_);
  sqlite_api::sqlite3_extended_result_codes(raw, 1);
  sqlite_api::sqlite3_busy_timeout(raw, static_cast<int>(busy_timeout.count()));
  auto mode = ask(*session_, "PRAGMA journal_mode = WAL");
  if (!mode) return std::unexpected(mode.error());
  if (*mode != "wal") return std::unexpected(sqlite_error(SQLITE_ERROR, "its file system has no write-ahead log"));
  return run(std::string(setup));
}

result<void> sqlite_connection::quick_check(const fs::path& file) {
  auto found = ask(*session_, "PRAGMA quick_check(1)");
  if (found && *found == "ok") return {};
  const error cause = found ? sqlite_error(SQLITE_CORRUPT, *found) : found.error();
  const int code = found ? SQLITE_CORRUPT : sqlite_api::sqlite3_errcode(handle(*session_));
  return std::unexpected(opening_error(file, cause, code));
}

result<void> sqlite_connection::allow_reading_only() {
  const auto is_late = [](void* deadline) -> int {
    return std::chrono::steady_clock::now() > *static_cast<std::chrono::steady_clock::time_point*>(deadline) ? 1 : 0;
  };
  break_off_at(std::chrono::steady_clock::time_point::max());
  sqlite_api::sqlite3_progress_handler(handle(*session_), instructions_between_looks, is_late, deadline_.get());
  return run("PRAGMA query_only = ON");
}

result<void> sqlite_connection::run(const std::string& script) {
  return run_sqlite_script(*session_, script);
}

bool sqlite_connection::in_transaction() const {
  return sqlite_api::sqlite3_get_autocommit(handle(*session_)) == 0;
}

}  // namespace sluice::store
