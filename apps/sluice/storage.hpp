// What outlives the process: its folder, and the database in it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/settings.hpp"
#include "base/error.hpp"
#include "store/database.hpp"
#include "store/directory_lock.hpp"
#include "store/outbox.hpp"

namespace sluice::app {

/// What happens to the database is told to `notice`, on any thread.
using database_notice = std::function<void(const std::string&)>;

/// For commands beside a running server: without the lock, for the database has its own.
result<std::unique_ptr<store::database>> open_database(const settings& told, database_notice notice);

struct storage {
  store::directory_lock lock;
  std::unique_ptr<store::database> database;
  std::unique_ptr<store::outbox> outbox;  ///< of records that wait for the database
};

/// Takes the folder for this process alone, making it (mode 0700) if it is not there. Blocking.
result<storage> open_storage(const settings& told, database_notice notice);

}  // namespace sluice::app
