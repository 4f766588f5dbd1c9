// What outlives the process: its folder, and the database in it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "app/settings.hpp"
#include "base/error.hpp"
#include "store/database.hpp"
#include "store/directory_lock.hpp"
#include "store/outbox.hpp"
#include "telemetry/log.hpp"

namespace sluice::app {

/// What happens to the database is told to `notice`, on any thread.
using database_notice = std::function<void(const std::string&)>;

/// As warnings. `log` outlives it.
database_notice into_log(const telemetry::logger& log);

/// For commands beside a running server: without the lock, for the database has its own.
result<std::unique_ptr<store::database>> open_database(const settings& told, database_notice notice);

/// Unavailable where the database would be a file that is not there: whoever means an existing one has named another.
result<void> require_database(const settings& told);

/// A database, and where it is a file the folder that it is in, for this process alone.
struct owned_database {
  std::optional<store::directory_lock> lock;
  std::unique_ptr<store::database> database;
};

/// As `open_database`, with the lock that a file needs. Blocking.
result<owned_database> open_own_database(const settings& told, database_notice notice);

struct storage {
  store::directory_lock lock;
  std::unique_ptr<store::database> database;
  std::unique_ptr<store::outbox> outbox;  ///< of records that wait for the database
};

/// Takes the folder for this process alone, making it (mode 0700) if it is not there. Blocking.
result<storage> open_storage(const settings& told, database_notice notice);

}  // namespace sluice::app
