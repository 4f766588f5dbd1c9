#include "store/connection_watch.hpp"

#include <algorithm>

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice::store {

connection_watch::connection_watch() : thread_([this] { serve(); }) {
  pthread_setname_np(thread_.native_handle(), "sql-watch");
}

connection_watch::~connection_watch() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

connection_watch::guard::guard(connection_watch& by, int socket, time_point due)
    : by_(by), socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
  const std::scoped_lock lock(by_.mutex_);
  number_ = ++by_.last_number_;
  by_.watched_.emplace(number_, watched{.socket = socket_, .due = due});
  by_.changed_.notify_one();
}

connection_watch::guard::~guard() {
  {
    const std::scoped_lock lock(by_.mutex_);
    by_.watched_.erase(number_);
  }
  ::close(socket_);
}

void connection_watch::serve() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto next = std::ranges::min_element(watched_, {}, [](const auto& each) { return each.second.due; });
    if (next == watched_.end()) {
      changed_.wait(lock);
    } else if (next->second.due <= std::chrono::steady_clock::now()) {
      ::shutdown(next->second.socket, SHUT_RDWR);
      watched_.erase(next);
    } else {
      changed_.wait_until(lock, time_point(next->second.due));
    }
  }
}

}  // namespace sluice::store
