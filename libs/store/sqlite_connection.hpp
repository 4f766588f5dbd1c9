// One connection to a file of SQLite, as this house wants it set up.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include <soci/soci.h>

#include "base/error.hpp"

namespace sluice::store {

/// A connection; used by one thread at a time.
class sqlite_connection {
 public:
  /// The file is made if it is not there.
  static result<sqlite_connection> open(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout);

  /// Looks for damage, in time proportional to the file (about 2 s a GiB).
  result<void> quick_check(const std::filesystem::path& file);
  /// From here on it refuses to write, and breaks statements off that run past the time set last.
  result<void> allow_reading_only();
  void break_off_at(std::chrono::steady_clock::time_point when) { *deadline_ = when; }

  /// Statements, separated by semicolons, without parameters.
  result<void> run(const std::string& script);
  /// Whether a transaction is open. An error may have ended it.
  bool in_transaction() const;
  soci::session& session() { return *session_; }

 private:
  explicit sqlite_connection(std::unique_ptr<soci::session> session)
      : deadline_(std::make_unique<std::chrono::steady_clock::time_point>()), session_(std::move(session)) {}
  result<void> set_up(std::chrono::milliseconds busy_timeout);

  std::unique_ptr<std::chrono::steady_clock::time_point> deadline_;  // SQLite looks at it while it computes
  std::unique_ptr<soci::session> session_;
};

/// `sqlite_connection::run` where there is only SOCI's session.
result<void> run_sqlite_script(soci::session& sql, const std::string& script);

}  // namespace sluice::store
