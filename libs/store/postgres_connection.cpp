#include "store/postgres_connection.hpp"

#include <algorithm>
#include <exception>

#include <fmt/format.h>
#include <soci/postgresql/soci-postgresql.h>

namespace sluice::store {
namespace {

using answer = std::unique_ptr<PGresult, decltype(&PQclear)>;

PGconn* handle(const soci::session& session) {
  return static_cast<const soci::postgresql_session_backend*>(
             const_cast<soci::session&>(session).get_backend())  // NOLINT(cppcoreguidelines-pro-type-const-cast)
      ->conn_;
}

std::string state_of(const PGresult* told) {
  const char* const state = told == nullptr ? nullptr : PQresultErrorField(told, PG_DIAG_SQLSTATE);
  return state == nullptr ? "" : state;
}

postgres_failure failed(const std::string& state, std::string cause) {
  return {.what = postgres_error(state, std::move(cause)), .advice = advice_for(state)};
}

answer execute(soci::session& sql, const std::string& script) {
  return {PQexec(handle(sql), script.c_str()), PQclear};
}

bool is_good(const answer& told) {
  const ExecStatusType status = PQresultStatus(told.get());
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

// In one line, without SOCI's words before libpq's.
std::string why_not(std::string_view said) {
  if (const std::size_t line = said.find('\n'); line != std::string_view::npos) said.remove_prefix(line + 1);
  std::string text(said.substr(0, said.find_last_not_of(" \n") + 1));
  std::ranges::replace(text, '\n', ' ');
  return text;
}

std::string cause_of(soci::session& sql, const answer& told, const std::string& script) {
  const char* const said = told ? PQresultErrorMessage(told.get()) : PQerrorMessage(handle(sql));
  return fmt::format("{} in: {}", said, script);
}

}  // namespace

std::expected<postgres_connection, postgres_failure> postgres_connection::open(const postgres_address& at,
                                                                               const limits& told,
                                                                               connection_watch& watch) {
  std::unique_ptr<soci::session> session;
  try {
    session = std::make_unique<soci::session>(soci::postgresql, at.connection);
  } catch (const soci::soci_error& problem) {
    return std::unexpected(
        postgres_failure{.what = postgres_away(fmt::format("{}: {}", at.shown, why_not(problem.get_error_message()))),
                         .advice = postgres_advice::reconnect});
  }
  PGconn* const raw = handle(*session);
  PQsetNoticeProcessor(raw, [](void*, const char*) {}, nullptr);
  PQsetErrorVerbosity(raw, PQERRORS_TERSE);  // the longer ones show values
  postgres_connection made(std::move(session), watch);
  const auto guard = made.break_off_at(std::chrono::steady_clock::now() + told.statement);
  const auto ready = made.run(
      fmt::format("SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}",
                  told.statement.count(), told.lock.count(), told.statement.count()));
  if (!ready) return std::unexpected(ready.error());
  return made;
}

std::expected<std::string, postgres_failure> postgres_connection::run(const std::string& script) {
  const answer told = execute(*session_, script);
  if (!is_good(told)) return std::unexpected(failed(state_of(told.get()), cause_of(*session_, told, script)));
  return PQntuples(told.get()) == 0 ? std::string() : std::string(PQgetvalue(told.get(), 0, 0));
}

std::expected<void, postgres_failure> postgres_connection::commit() {
  const answer told = execute(*session_, "COMMIT");
  if (!is_good(told)) return std::unexpected(failed(state_of(told.get()), cause_of(*session_, told, "COMMIT")));
  if (std::string_view(PQcmdStatus(told.get())) != "COMMIT")
    return std::unexpected(failed("25P02", "the transaction had failed before its COMMIT"));
  return {};
}

std::expected<void, postgres_failure> postgres_connection::perform(work& what) {
  const auto cause = [this](const std::string& problem) { return problem + " in: " + session_->get_last_query(); };
  try {
    if (auto done = what(session_.get()); !done)
      return std::unexpected(postgres_failure{.what = std::move(done.error())});
    return {};
  } catch (const soci::postgresql_soci_error& problem) {
    // Not what(): that has the parameters' values.
    return std::unexpected(failed(is_lost() ? "" : problem.sqlstate(), cause(problem.get_error_message())));
  } catch (const soci::soci_error& problem) {
    return std::unexpected(failed(is_lost() ? "" : "XX000", cause(problem.get_error_message())));
  } catch (const std::exception& problem) {
    return std::unexpected(failed("XX000", problem.what()));
  } catch (...) {
    return std::unexpected(failed("XX000", "something unknown was thrown"));
  }
}

bool postgres_connection::is_lost() const {
  return PQstatus(handle(*session_)) != CONNECTION_OK;
}

bool postgres_connection::is_in_transaction() const {
  return PQtransactionStatus(handle(*session_)) != PQTRANS_IDLE;
}

connection_watch::guard postgres_connection::break_off_at(std::chrono::steady_clock::time_point due) {
  return {*watch_, PQsocket(handle(*session_)), due};
}

bool has_server(const postgres_address& at) {
  return PQping(at.connection.c_str()) == PQPING_OK;
}

result<void> run_postgres_script(soci::session& sql, const std::string& script) {
  const answer told = execute(sql, script);
  if (is_good(told)) return {};
  return std::unexpected(failed(state_of(told.get()), cause_of(sql, told, script)).what);
}

}  // namespace sluice::store
