// A Redis server of the tests' own, in a folder that goes away with it.
#pragma once

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state/redis_settings.hpp"

namespace sluice::state::testing {

/// A port that nothing listened on a moment ago.
inline std::uint16_t free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(probe, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      ::getsockname(probe, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    throw std::runtime_error("no port is free");
  ::close(probe);
  return ntohs(at.sin_port);
}

/// Listens on loopback. Keeps what is written (`appendonly`) over a kill, if told so by `settings`.
class redis_server {
 public:
  explicit redis_server(std::vector<std::string> settings = {}) : settings_(std::move(settings)), port_(free_port()) {
    std::string pattern = (std::filesystem::temp_directory_path() / "redis-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    start();
  }
  ~redis_server() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  redis_server(const redis_server&) = delete;
  redis_server& operator=(const redis_server&) = delete;

  void start() {
    std::vector<std::string> command = {"/usr/bin/redis-server",
                                        "--port",
                                        std::to_string(port_),
                                        "--bind",
                                        "127.0.0.1",
                                        "--dir",
                                        folder_.string(),
                                        "--save",
                                        "",
                                        "--logfile",
                                        (folder_ / "log").string()};
    command.insert(command.end(), settings_.begin(), settings_.end());
    std::vector<char*> arguments;
    for (std::string& each : command)
      arguments.push_back(each.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0);  // an interrupt at the terminal is for the tests, which end it
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  /// As a crash. Returns when it is gone.
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = 0;
  }
  void stand_still() const { ::kill(pid_, SIGSTOP); }
  void go_on() const { ::kill(pid_, SIGCONT); }

  std::uint16_t port() const { return port_; }
  redis_settings settings() const {
    redis_settings told;
    told.at.host = "127.0.0.1";
    told.at.port = port_;
    told.retry_min = std::chrono::milliseconds(10);
    told.retry_max = std::chrono::milliseconds(50);
    return told;
  }

 private:
  std::vector<std::string> settings_;
  std::uint16_t port_;
  std::filesystem::path folder_;
  pid_t pid_ = 0;
};

}  // namespace sluice::state::testing
