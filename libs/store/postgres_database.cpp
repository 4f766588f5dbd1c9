#include "store/postgres_database.hpp"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <future>
#include <random>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <pthread.h>

#include "store/job_queue.hpp"
#include "store/postgres_connection.hpp"
#include "store/postgres_schema.hpp"

namespace sluice::store {
namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;
template <class T>
using attempted = std::expected<T, postgres_failure>;

constexpr int runs_max = 8;  // of one transaction that meets others
constexpr milliseconds run_again_after{5};
constexpr milliseconds reconnect_after{100};
constexpr milliseconds reconnect_after_max{2'000};
constexpr milliseconds fate_patience{5'000};  // for what became of a COMMIT
constexpr milliseconds answer_grace{2'000};   // beyond what the server allows itself
constexpr milliseconds migration_max{600'000};
constexpr milliseconds start_notice_every{5'000};
constexpr long long schema_lock = 0x736c75696365;  // "sluice", among the advisory locks of one database
// The same answer as long as the server has not crashed, been restarted, or given way to a standby: what it counts
// begins anew with each recovery.
constexpr const char* incarnation_question =
    "SELECT pg_postmaster_start_time()::text || ' ' || coalesce(stats_reset::text, '') FROM pg_stat_bgwriter";
constexpr int oldest_version = 130'000;  // the first with pg_current_xact_id

// Half to all of it: who lost the server together does not come back together.
milliseconds jittered(milliseconds wait) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds(std::uniform_int_distribution<std::int64_t>(wait.count() / 2, wait.count())(random));
}

// A server does not say when it comes: there is nothing to wait for but the clock.
void rest(milliseconds time) {
  std::promise<void> never;
  never.get_future().wait_for(time);
}

enum class fate : std::uint8_t { committed, taken_back, unknown };

class postgres_database final : public database {
 public:
  postgres_database(postgres_address at, const database_settings& told)
      : at_(std::move(at)), told_(told), reads_(told.queue_max), writes_(told.queue_max) {
    for (std::size_t i = 0; i < std::max<std::size_t>(told.readers, 1); ++i)
      start("sql-reader", reads_, told.read_timeout);
    for (std::size_t i = 0; i < std::max<std::size_t>(told.writers, 1); ++i)
      start("sql-writer", writes_, told.write_timeout);
  }
  ~postgres_database() override {
    reads_.jobs.close();
    writes_.jobs.close();
    for (std::thread& thread : threads_)
      thread.join();
  }

  database_activity activity() const override {
    return {.reads = reads_.ended.load(std::memory_order_relaxed),
            .writes = writes_.ended.load(std::memory_order_relaxed),
            .commits = commits_.load(std::memory_order_relaxed),
            .refused = refused_.load(std::memory_order_relaxed),
            .reads_waiting = reads_.jobs.size(),
            .writes_waiting = writes_.jobs.size()};
  }

 private:
  struct job {
    transaction kind;
    statements work;
    ending ended;
  };
  // What waits for the connections of one sort, and how many of them there are at this moment.
  struct side {
    explicit side(std::size_t jobs_max) : jobs(jobs_max) {}
    job_queue<job> jobs;
    std::atomic<int> connected = 0;
    std::atomic<std::uint64_t> ended = 0;
  };
  // What one thread has.
  struct line {
    side& serves;
    postgres_connection::limits limits;
    std::optional<postgres_connection> connection = {};
    std::string incarnation = {};  // of the server that it is, or was, to
    milliseconds wait = reconnect_after;
    error why_not = {};  // there is no connection
  };

  void submit(transaction kind, statements work, ending ended) override {
    job wanted{.kind = kind, .work = std::move(work), .ended = std::move(ended)};
    if ((kind == transaction::reading ? reads_ : writes_).jobs.push(wanted)) return;
    refused_.fetch_add(1, std::memory_order_relaxed);
    wanted.ended(failure(error_reason::unavailable,
                         "the server is overloaded (too much waits for the database); "
                         "try again"));
  }
  result<void> run_script(soci::session& sql, const std::string& script) override {
    return run_postgres_script(sql, postgres_schema(script));
  }

  void start(const char* name, side& serves, milliseconds statement) {
    threads_.emplace_back([this, &serves, statement] {
      line mine{.serves = serves, .limits = {.statement = statement, .lock = told_.busy_timeout}};
      serve(mine);
    });
    pthread_setname_np(threads_.back().native_handle(), name);
  }

  void serve(line& mine) {
    for (;;) {
      if (!mine.connection && !connect(mine)) {
        if (!wait_for_connection(mine)) return;
        continue;
      }
      std::vector<job> taken = mine.serves.jobs.take(1);
      if (taken.empty()) break;
      result<void> outcome = run(mine, taken.front());
      finish(mine, taken.front(), std::move(outcome));
      if (mine.connection && mine.connection->is_lost()) drop(mine);
    }
    drop(mine);
  }

  // Until it is time to try again. While no other connection is there either, what comes is refused at once: it would
  // wait in the dark. False: it is over.
  bool wait_for_connection(line& mine) {
    const auto until = clock::now() + jittered(mine.wait);
    mine.wait = std::min(mine.wait * 2, reconnect_after_max);
    do {
      if (mine.serves.connected != 0 && !mine.serves.jobs.is_closed()) {
        mine.serves.jobs.rest_until(std::min(until, clock::now() + reconnect_after));
        continue;
      }
      std::vector<job> taken = mine.serves.jobs.take_until(1, until);
      if (taken.empty() && mine.serves.jobs.is_closed()) return false;
      for (job& one : taken)
        finish(mine, one, std::unexpected(mine.why_not));
    } while (clock::now() < until);
    return true;
  }

  bool connect(line& mine) {
    auto opened = postgres_connection::open(at_, mine.limits, watch_);
    if (!opened) {
      mine.why_not = std::move(opened.error().what);
      if (!away_.exchange(true)) notice("no connection to the " + mine.why_not.detail);
      return false;
    }
    auto incarnation = opened->run(incarnation_question);
    if (!incarnation) {
      mine.why_not = std::move(incarnation.error().what);
      return false;
    }
    mine.incarnation = std::move(*incarnation);
    mine.connection.emplace(std::move(*opened));
    mine.wait = reconnect_after;
    mine.serves.connected.fetch_add(1);
    if (away_.exchange(false)) notice("the database is back");
    return true;
  }

  static void drop(line& mine) {
    if (!mine.connection) return;
    mine.connection.reset();
    mine.serves.connected.fetch_sub(1);
  }

  void notice(const std::string& text) const {
    if (told_.notice) told_.notice(text);
  }

  // Runs the job to its end, again if it has to be and may.
  result<void> run(line& mine, job& one) {
    bool reconnected = false;
    postgres_failure last;
    for (int runs = 0; runs < runs_max; ++runs) {
      auto done = one.kind == transaction::reading ? read_once(mine, one) : write_once(mine, one);
      if (done) return {};
      last = std::move(done.error());
      if (last.advice == postgres_advice::give_up) break;
      if (last.advice == postgres_advice::run_again) {
        mine.serves.jobs.rest_until(clock::now() + jittered(run_again_after * (1 << runs)));
        continue;
      }
      // Once: a server that just came back has closed every connection that was idle.
      drop(mine);
      if (std::exchange(reconnected, true) || !connect(mine)) break;
    }
    return std::unexpected(std::move(last.what));
  }

  attempted<void> read_once(line& mine, job& one) {
    postgres_connection& on = *mine.connection;
    const auto guard = on.break_off_at(clock::now() + told_.read_timeout + answer_grace);
    if (auto begun = on.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); !begun)
      return std::unexpected(std::move(begun.error()));
    auto done = on.perform(one.work);
    // Nothing was written: how it ends changes nothing.
    if (!on.is_lost()) std::ignore = on.run("ROLLBACK");
    return done;
  }

  attempted<void> write_once(line& mine, job& one) {
    postgres_connection& on = *mine.connection;
    std::string number;
    const std::string before = mine.incarnation;
    {
      const auto longest =
          one.kind == transaction::migrating ? migration_max : told_.busy_timeout + told_.write_timeout;
      const auto guard = on.break_off_at(clock::now() + longest + answer_grace);
      auto begun = begin_write(on, one.kind);
      if (!begun) return std::unexpected(std::move(begun.error()));
      number = std::move(*begun);
      if (auto done = on.perform(one.work); !done) {
        if (!on.is_lost()) std::ignore = on.run("ROLLBACK");
        return done;
      }
    }
    attempted<void> committed = commit(on);
    if (committed) commits_.fetch_add(1, std::memory_order_relaxed);
    if (committed || !on.is_lost()) return committed;
    drop(mine);
    switch (find_fate(mine, number, before)) {
      case fate::committed:
        commits_.fetch_add(1, std::memory_order_relaxed);
        return {};
      case fate::taken_back:
        committed.error().advice = postgres_advice::run_again;
        return committed;
      case fate::unknown:
        committed.error().advice = postgres_advice::give_up;
        return committed;
    }
    return committed;
  }

  // Returns the transaction's number, by which it can be asked for when it is over.
  attempted<std::string> begin_write(postgres_connection& on, transaction kind) {
    std::string script = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ";
    if (kind == transaction::migrating)
      script += fmt::format(
          "SET LOCAL statement_timeout = {0}; SET LOCAL lock_timeout = {0}; "
          "SET LOCAL idle_in_transaction_session_timeout = {0}; SELECT pg_advisory_xact_lock({1}); ",
          migration_max.count(), schema_lock);
    script += "SELECT pg_current_xact_id()";
    auto begun = on.run(script);
    // A standby does not know what writing is; another connection may lead to the primary.
    if (!begun && begun.error().advice == postgres_advice::give_up && is_standby(on))
      return std::unexpected(postgres_failure{.what = postgres_error("25006", begun.error().what.detail),
                                              .advice = postgres_advice::reconnect});
    return begun;
  }

  static bool is_standby(postgres_connection& on) {
    if (on.is_lost()) return false;
    std::ignore = on.run("ROLLBACK");
    const auto told = on.run("SELECT pg_is_in_recovery()");
    return told && *told == "t";
  }

  attempted<void> commit(postgres_connection& on) {
    const auto guard = on.break_off_at(clock::now() + told_.write_timeout + answer_grace);
    return on.commit();
  }

  // What became of a COMMIT whose answer was lost. Connects again. A server that has crashed since takes back what it
  // had not committed, and gives the numbers of what never reached its disk to other transactions: what those did is no
  // answer.
  fate find_fate(line& mine, const std::string& number, const std::string& before) {
    const std::string question = fmt::format("SELECT pg_xact_status('{}')", number);
    const auto until = clock::now() + fate_patience;
    while (clock::now() < until) {
      if (mine.connection || connect(mine)) {
        const bool is_same = mine.incarnation == before;
        const auto guard = mine.connection->break_off_at(until);
        const auto told = mine.connection->run(question);
        if (told && *told == "aborted") return fate::taken_back;
        if (told && *told == "committed" && is_same) return fate::committed;
        if (told && (*told != "in progress" || !is_same)) return fate::unknown;
        if (!told && !is_same && !mine.connection->is_lost()) return fate::unknown;
      }
      if (mine.connection && mine.connection->is_lost()) drop(mine);
      mine.serves.jobs.rest_until(clock::now() + jittered(reconnect_after));
    }
    return fate::unknown;
  }

  // The work goes first: who is told that it is done may rely on what it held being released.
  static void finish(line& mine, job& one, result<void> outcome) {
    mine.serves.ended.fetch_add(1, std::memory_order_relaxed);
    one.work = nullptr;
    one.ended(std::move(outcome));
  }

  const postgres_address at_;
  const database_settings told_;
  connection_watch watch_;
  side reads_;
  side writes_;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<bool> away_ = false;
  std::vector<std::thread> threads_;
};

// Whether the server is what the program needs, beside being there.
result<void> check_server(postgres_connection& on, const postgres_address& at) {
  const auto guard = on.break_off_at(clock::now() + answer_grace);
  const auto version = on.run("SHOW server_version_num");
  if (!version) return std::unexpected(version.error().what);
  int number = 0;
  std::from_chars(version->data(), version->data() + version->size(), number);
  if (number < oldest_version)
    return failure(error_reason::unavailable, at.shown + ": PostgreSQL 13 or newer is needed");
  const auto encoding = on.run("SHOW server_encoding");
  if (!encoding) return std::unexpected(encoding.error().what);
  if (*encoding != "UTF8")
    return failure(error_reason::unavailable,
                   fmt::format("{} holds text in {}; make one with ENCODING 'UTF8'", at.shown, *encoding));
  return {};
}

}  // namespace

result<std::unique_ptr<database>> open_postgres(const std::string& url, const database_settings& told) {
  auto at = parse_postgres_url(url, told.connect_timeout);
  if (!at) return std::unexpected(std::move(at.error()));
  connection_watch watch;
  const auto until = clock::now() + told.start_timeout;
  auto notice_at = clock::now();
  bool is_there = false;
  for (milliseconds wait = reconnect_after;; wait = std::min(wait * 2, reconnect_after_max)) {
    auto first = postgres_connection::open(*at, {.statement = told.read_timeout, .lock = told.busy_timeout}, watch);
    if (first) {
      if (auto fits = check_server(*first, *at); !fits) return std::unexpected(std::move(fits.error()));
      return std::make_unique<postgres_database>(std::move(*at), told);
    }
    const bool is_full = first.error().what.detail.contains("too many") || first.error().what.detail.contains("slots");
    // A server that was already there has its reasons; one that has only now begun to answer is asked again.
    const bool was_there = std::exchange(is_there, !is_full && has_server(*at));
    if (clock::now() + wait >= until || (was_there && is_there)) {
      error why = std::move(first.error().what);
      why.message = "no connection to the " + why.detail;
      return std::unexpected(std::move(why));
    }
    if (is_there) continue;
    if (told.notice && clock::now() >= notice_at) {
      told.notice("waiting for the " + first.error().what.detail);
      notice_at = clock::now() + start_notice_every;
    }
    rest(jittered(wait));
  }
}

}  // namespace sluice::store
