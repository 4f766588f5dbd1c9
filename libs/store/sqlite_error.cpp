#include "store/sqlite_error.hpp"

#include <exception>

#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace sluice::store {
namespace {

constexpr std::chrono::milliseconds busy_retry_after{1'000};

}  // namespace

error sqlite_error(int code, std::string cause) {
  const auto make = [&](error_reason reason, std::string message) {
    error made{.reason = reason, .message = std::move(message), .detail = std::move(cause)};
    if (reason == error_reason::unavailable) made.retry_after = busy_retry_after;
    return made;
  };
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return make(error_reason::conflict, "it exists already");
    default:
      break;
  }
  switch (code & 0xff) {  // the primary code
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return make(error_reason::unavailable, "the database is busy; try again");
    case SQLITE_FULL:
      return make(error_reason::unavailable, "the database has no room left on its disk");
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return make(error_reason::unavailable, "the database cannot read or write its files");
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return make(error_reason::unavailable, "the database cannot be written");
    case SQLITE_INTERRUPT:
      return make(error_reason::unavailable, "the database took too long; ask for less");
    case SQLITE_NOMEM:
      return make(error_reason::unavailable, "the database has no memory left");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return make(error_reason::internal, "the database is damaged");
    default:
      return make(error_reason::internal, "the database failed");
  }
}

result<void> guarded(soci::session& sql, std::move_only_function<result<void>(soci::session*)>& work) {
  try {
    return work(&sql);
  } catch (const soci::sqlite3_soci_error& problem) {
    // Not what(): that has the parameters' values.
    return std::unexpected(
        sqlite_error(problem.result(), problem.get_error_message() + " in: " + sql.get_last_query()));
  } catch (const soci::soci_error& problem) {
    return std::unexpected(sqlite_error(SQLITE_ERROR, problem.get_error_message() + " in: " + sql.get_last_query()));
  } catch (const std::exception& problem) {
    return std::unexpected(sqlite_error(SQLITE_ERROR, problem.what()));
  } catch (...) {
    return std::unexpected(sqlite_error(SQLITE_ERROR, "something unknown was thrown"));
  }
}

}  // namespace sluice::store
