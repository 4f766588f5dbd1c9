#include "app/storage.hpp"

#include <filesystem>
#include <utility>

#include "app/wiring.hpp"

namespace sluice::app {

database_notice into_log(const telemetry::logger& log) {
  return [&log](const std::string& notice) { log.warning(notice); };
}

result<std::unique_ptr<store::database>> open_database(const settings& told, database_notice notice) {
  store::database_settings made = make_database_settings(told);
  made.notice = std::move(notice);
  return store::database::open(made);
}

result<void> require_database(const settings& told) {
  std::string url = make_database_settings(told).url;
  if (!url.starts_with(sqlite_scheme)) return {};
  url.erase(0, sqlite_scheme.size());
  std::error_code problem;
  if (std::filesystem::exists(url, problem)) return {};
  return failure(error_reason::unavailable,
                 "there is no database at " + url + ": name the folder of the running server with --data");
}

result<owned_database> open_own_database(const settings& told, database_notice notice) {
  owned_database opened;
  if (told.database.url.starts_with(sqlite_scheme)) {
    auto lock = store::directory_lock::acquire(told.data_dir);
    if (!lock) return std::unexpected(std::move(lock.error()));
    opened.lock = std::move(*lock);
  }
  auto database = open_database(told, std::move(notice));
  if (!database) return std::unexpected(std::move(database.error()));
  opened.database = std::move(*database);
  return opened;
}

result<storage> open_storage(const settings& told, database_notice notice) {
  auto lock = store::directory_lock::acquire(told.data_dir);
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto database = open_database(told, std::move(notice));
  if (!database) return std::unexpected(std::move(database.error()));
  auto outbox = store::outbox::open({.file = std::filesystem::path(told.data_dir) / "records.outbox"});
  if (!outbox) return std::unexpected(std::move(outbox.error()));
  return storage{.lock = std::move(*lock), .database = std::move(*database), .outbox = std::move(*outbox)};
}

}  // namespace sluice::app
