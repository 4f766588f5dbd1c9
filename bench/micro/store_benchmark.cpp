// What a durable write costs, alone and with others that wait for the same sync of the disk; and a read.
#include <filesystem>
#include <stdexcept>
#include <string>

#include <benchmark/benchmark.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <soci/soci.h>
#include <stdlib.h>

#include "store/database.hpp"

namespace {

using namespace sluice;

// In a folder that goes away, on the disk that TMPDIR is on.
class scratch_database {
 public:
  scratch_database() {
    directory_ = (std::filesystem::temp_directory_path() / "bench-XXXXXX").string();
    if (::mkdtemp(directory_.data()) == nullptr) throw std::runtime_error("no folder for the database");
    opened_ = store::database::open({.url = "sqlite:" + directory_ + "/data.db"}).value();
    const store::migration step{1, "create_messages", "CREATE TABLE messages (id TEXT PRIMARY KEY, words TEXT);"};
    opened_->migrate("bench", {&step, 1}).value();
  }
  ~scratch_database() {
    opened_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  scratch_database(const scratch_database&) = delete;
  scratch_database& operator=(const scratch_database&) = delete;
  store::database& operator*() { return *opened_; }

 private:
  std::string directory_;
  std::unique_ptr<store::database> opened_;
};

task<> write_one(store::database& to, std::string id) {
  const auto written = co_await to.write([id = std::move(id)](soci::session& sql) -> result<void> {
    const std::string words(500, 'w');
    sql << "INSERT INTO messages (id, words) VALUES (:id, :words)", soci::use(id), soci::use(words);
    return {};
  });
  if (!written) throw std::runtime_error(written.error().detail);
}

// Each iteration writes as many messages as wait at the same time.
void store_write(benchmark::State& state) {
  scratch_database to;
  asio::io_context loop(1);
  std::uint64_t next = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      asio::co_spawn(loop.get_executor(), write_one(*to, "msg_" + std::to_string(next++)),
                     [](const std::exception_ptr& failed) {
                       if (failed) std::rethrow_exception(failed);
                     });
    }
    loop.restart();
    loop.run();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(store_write)->Arg(1)->Arg(16)->Arg(256)->UseRealTime()->Unit(benchmark::kMicrosecond);

task<> read_one(store::database& from) {
  const auto words = co_await from.read([](soci::session& sql) -> result<std::string> {
    std::string found;
    sql << "SELECT words FROM messages WHERE id = 'msg_0'", soci::into(found);
    return found;
  });
  if (words->size() != 500) throw std::runtime_error("not what was written");
}

void store_read(benchmark::State& state) {
  scratch_database from;
  asio::io_context loop(1);
  auto written = asio::co_spawn(loop.get_executor(), write_one(*from, "msg_0"), asio::use_future);
  loop.run();
  written.get();
  for (auto _ : state) {
    auto done = asio::co_spawn(loop.get_executor(), read_one(*from), asio::use_future);
    loop.restart();
    loop.run();
    done.get();
  }
}
BENCHMARK(store_read)->UseRealTime()->Unit(benchmark::kMicrosecond);

}  // namespace
