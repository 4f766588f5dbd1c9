#include "store/database.hpp"

#include <future>

#include <soci/soci.h>

#include "store/migrations.hpp"
#include "store/postgres_database.hpp"
#include "store/sqlite_database.hpp"

namespace sluice::store {
result<std::unique_ptr<database>> database::open(const database_settings& told) {
  const std::string_view url = told.url;
  if (url.starts_with("sqlite:")) return open_sqlite(url.substr(7), told);
  if (url.starts_with("postgresql://") || url.starts_with("postgres://")) return open_postgres(told.url, told);
  return failure(error_reason::invalid_argument, "the database's URL must be sqlite:PATH or postgresql://…",
                 "database.url");
}

result<void> database::migrate(std::string_view component, std::span<const migration> steps) {
  return perform_now(transaction::migrating, [this, component, steps](soci::session* sql) {
    return apply_migrations(*sql, component, steps,
                            [&](const std::string& script) { return run_script(*sql, script); });
  });
}

task<result<void>> database::perform(transaction kind, statements work) {
  return await_ending(
      [this, kind, work = std::move(work)](ending ended) mutable { submit(kind, std::move(work), std::move(ended)); });
}

task<result<void>> database::check() {
  // A write, if one that changes nothing: a lock that cannot be had or a full disk is also a reason not to be ready.
  return perform(transaction::writing_unsynced, [](soci::session* sql) -> result<void> {
    *sql << "UPDATE schema_migrations SET number = number WHERE number = 1";
    return {};
  });
}

result<void> database::perform_now(transaction kind, statements work) {
  std::promise<result<void>> promised;
  submit(kind, std::move(work), [&promised](result<void> outcome) { promised.set_value(std::move(outcome)); });
  return promised.get_future().get();
}

}  // namespace sluice::store
