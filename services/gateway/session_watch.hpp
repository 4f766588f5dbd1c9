// Sockets end with their sessions: hears of revocations and tells the workers.
#pragma once

#include <memory>
#include <vector>

#include "async/task.hpp"
#include "async/task_group.hpp"
#include "async/worker_pool.hpp"
#include "gateway/chat_sockets.hpp"
#include "gateway/socket_places.hpp"
#include "identity/identity_service.hpp"
#include "telemetry/log.hpp"

namespace sluice::gateway {

/// One per process, on the first worker. What it is given outlives it.
class session_watch {
 public:
  session_watch(async::worker_pool& workers, identity::service& people, const socket_places& places,
                const std::vector<std::unique_ptr<chat_sockets>>& sockets, const telemetry::logger& log);

  void begin();
  /// On the first worker.
  task<> stop();

 private:
  task<> follow(std::chrono::milliseconds pause);
  void tell(std::vector<identity::revocation> revoked);

  identity::service& people_;
  const socket_places& places_;
  const std::vector<std::unique_ptr<chat_sockets>>& sockets_;
  telemetry::logger log_;
  std::uint64_t seen_ = 0;  // the newest revocation that the workers were told of
  bool stopping_ = false;
  async::task_group following_;
};

}  // namespace sluice::gateway
