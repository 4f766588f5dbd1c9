// One connection to PostgreSQL, as this house wants it set up.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <soci/soci.h>

#include "base/error.hpp"
#include "store/connection_watch.hpp"
#include "store/postgres_address.hpp"
#include "store/postgres_error.hpp"

namespace sluice::store {

/// Why a statement or transaction failed, and what to do about it.
struct postgres_failure {
  error what;
  postgres_advice advice = postgres_advice::give_up;
};

/// A connection; used by one thread at a time.
class postgres_connection {
 public:
  struct limits {
    std::chrono::milliseconds statement;
    std::chrono::milliseconds lock;
  };
  using work = std::move_only_function<result<void>(soci::session*)>;

  /// The error's detail says where and why, without the password.
  static std::expected<postgres_connection, postgres_failure> open(const postgres_address& at, const limits& told,
                                                                   connection_watch& watch);

  /// Statements, separated by semicolons, without parameters. Returns the last one's first value, if it has one.
  std::expected<std::string, postgres_failure> run(const std::string& script);
  /// Ends the transaction. A server that took it back instead counts as a failure.
  std::expected<void, postgres_failure> commit();
  /// Runs `what` and turns what it throws into an error. Values of parameters do not get into it.
  std::expected<void, postgres_failure> perform(work& what);

  /// Whether there is no use in going on with it.
  bool is_lost() const;
  bool is_in_transaction() const;
  /// Breaks the connection off at `due` unless the guard is gone by then.
  connection_watch::guard break_off_at(std::chrono::steady_clock::time_point due);

 private:
  postgres_connection(std::unique_ptr<soci::session> session, connection_watch& watch)
      : session_(std::move(session)), watch_(&watch) {}

  std::unique_ptr<soci::session> session_;
  connection_watch* watch_;
};

/// Whether a server answers there at all: then what it refuses, it refuses for a reason that waiting does not mend.
/// Takes as long as connecting may.
bool has_server(const postgres_address& at);

/// `postgres_connection::run` where there is only SOCI's session.
result<void> run_postgres_script(soci::session& sql, const std::string& script);

}  // namespace sluice::store
