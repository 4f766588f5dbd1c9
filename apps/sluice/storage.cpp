#include "app/storage.hpp"

#include <filesystem>
#include <utility>

#include "app/wiring.hpp"

namespace sluice::app {

result<std::unique_ptr<store::database>> open_database(const settings& told) {
  return store::database::open(make_database_settings(told));
}

result<storage> open_storage(const settings& told) {
  auto lock = store::directory_lock::acquire(told.data_dir);
  if (!lock) return std::unexpected(std::move(lock.error()));
  auto database = open_database(told);
  if (!database) return std::unexpected(std::move(database.error()));
  auto outbox = store::outbox::open({.file = std::filesystem::path(told.data_dir) / "records.outbox"});
  if (!outbox) return std::unexpected(std::move(outbox.error()));
  return storage{.lock = std::move(*lock), .database = std::move(*database), .outbox = std::move(*outbox)};
}

}  // namespace sluice::app
