// Identity on other nodes, held as if it were here.
#pragma once

#include <functional>
#include <memory>

#include "async/worker_pool.hpp"
#include "identity/identity_service.hpp"
#include "identity/user_administration.hpp"
#include "rpc/channel.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::identity {

struct rpc_client_settings {
  std::chrono::milliseconds key_cache_ttl{60'000};  ///< how long an API key is answered from memory
  std::size_t cached_credentials_max = 131'072;
  std::size_t revoked_sessions_max = 1'000'000;
  std::chrono::milliseconds keys_interval{60'000};        ///< between looks at the public keys
  std::chrono::milliseconds unknown_key_interval{5'000};  ///< between looks because a token has an unknown one
  std::chrono::milliseconds call_deadline{10'000};
  std::chrono::milliseconds sign_in_deadline{30'000};  ///< hashing passwords may have to wait for its turn
  std::function<time_point()> now = &std::chrono::system_clock::now;
};

/// The face, by calls over `channel`. Access tokens are checked here: by identity's public keys, which are fetched and
/// kept, and by what was revoked, which is followed; until all of that is known identity is asked. With identity away
/// tokens go on being good, what was revoked stays revoked, and everything else is `unavailable`. What an API key
/// stands for is remembered for a while, and forgotten when something of it is revoked.
class rpc_client {
 public:
  rpc_client(async::worker_pool& workers, rpc::channel& over, rpc_client_settings told,
             telemetry::metric_registry& metrics, const telemetry::logger& log);
  ~rpc_client();

  service& face();
  user_administration& administration();
  /// Begins to follow, on the first worker.
  void begin();
  /// On the first worker.
  task<> stop();
  /// Whether identity answers, for readiness.
  task<result<void>> check(std::chrono::milliseconds limit);
  /// Whether tokens can be checked here by now.
  bool complete() const;

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace sluice::identity
