// A PostgreSQL server of the tests' own, from Debian's packages, in a folder that goes away with it.
#pragma once

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <soci/soci.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/database.hpp"

namespace sluice::store {

/// Text of its databases sorts as English does unless a column says otherwise: what relies on bytes shows here.
/// Listens on a socket in its folder, and never as root.
class postgres_server {
 public:
  explicit postgres_server(std::vector<std::string> settings = {}) : settings_(std::move(settings)) {
    namespace fs = std::filesystem;
    std::string pattern = (fs::temp_directory_path() / "postgres-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::permissions(folder_, fs::perms::all);  // whoever the server runs as makes its own inside
    wait_for(spawn({programs() / "initdb", "-D", data().string(), "-U", "sluice", "--auth=trust", "-E", "UTF8", "-N",
                    "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en-US"}));
    if (!fs::exists(data())) throw std::runtime_error("initdb failed: see " + (folder_ / "log").string());
    start();
  }
  ~postgres_server() {
    stop(SIGQUIT);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  postgres_server(const postgres_server&) = delete;
  postgres_server& operator=(const postgres_server&) = delete;

  void start() {
    std::vector<std::string> command = {programs() / "postgres", "-D", data().string(), "-k", folder_.string()};
    for (const char* setting : {"listen_addresses=", "shared_buffers=16MB", "max_connections=60", "max_wal_senders=0",
                                "wal_level=minimal", "deadlock_timeout=100ms"}) {
      command.insert(command.end(), {"-c", setting});
    }
    for (const std::string& setting : settings_)
      command.insert(command.end(), {"-c", setting});
    pid_ = spawn(command);
  }
  /// SIGQUIT: at once, as a crash; SIGINT: in order. Returns when it is gone.
  void stop(int signal) {
    if (pid_ == 0) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    wait_for(std::exchange(pid_, 0));
  }
  pid_t pid() const { return pid_; }
  std::filesystem::path data() const { return folder_ / "data"; }
  std::string url(const std::string& more = "", const std::string& name = "postgres") const {
    return fmt::format("postgresql:///{}?host={}&user=sluice{}", name, folder_.string(), more);
  }

  /// The URL of an empty schema of its own, the same for the same name.
  std::string schema_url(const std::string& name) {
    const std::string schema = fmt::format("s{:x}", std::hash<std::string>()(name));
    const std::scoped_lock lock(mutex_);
    if (schemas_.insert(schema).second) {
      if (!owner_) owner_ = std::move(database::open({.url = url()}).value());
      const auto made = owner_->write_now([schema](soci::session& sql) -> result<void> {
        sql << "CREATE SCHEMA " + schema;
        return {};
      });
      if (!made) throw std::runtime_error(made.error().message + ": " + made.error().detail);
    }
    return url("&options=-csearch_path%3D" + schema);
  }

 private:
  static std::filesystem::path programs() {
    std::filesystem::path newest;
    for (const auto& each : std::filesystem::directory_iterator("/usr/lib/postgresql"))
      newest = std::max(newest, each.path() / "bin");
    return newest;
  }
  pid_t spawn(std::vector<std::string> command) const {
    if (::geteuid() == 0)
      command.insert(command.begin(), {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                                       "--pdeathsig=KILL", "--"});
    std::vector<char*> arguments;
    for (std::string& each : command)
      arguments.push_back(each.data());
    arguments.push_back(nullptr);
    const std::string log = (folder_ / "log").string();
    const pid_t child = ::fork();
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);  // an interrupt at the terminal is for the tests, which end it
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (::dup2(file, STDOUT_FILENO) < 0 || ::dup2(file, STDERR_FILENO) < 0) ::_exit(126);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  static void wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }

  std::vector<std::string> settings_;
  std::filesystem::path folder_;
  pid_t pid_ = 0;
  std::mutex mutex_;
  std::set<std::string> schemas_;
  std::unique_ptr<database> owner_;
};

/// Whether tests that say nothing about the engine are to run on PostgreSQL: with SLUICE_TEST_DATABASE=postgresql.
inline bool tests_run_on_postgres() {
  const char* const told = std::getenv("SLUICE_TEST_DATABASE");  // NOLINT(concurrency-mt-unsafe)
  return told != nullptr && std::string_view(told) == "postgresql";
}

/// One for all tests of a program that do not harm it.
inline postgres_server& shared_postgres() {
  static postgres_server server({"fsync=off"});
  return server;
}

}  // namespace sluice::store
