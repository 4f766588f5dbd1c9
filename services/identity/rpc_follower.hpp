// Keeps up with identity on other nodes: its public keys, and what it revokes.
#pragma once

#include <atomic>

#include "async/worker_pool.hpp"
#include "identity/local_checks.hpp"
#include "identity/rpc_client.hpp"
#include "identity/v1/identity.grpc.pb.h"
#include "rpc/client.hpp"
#include "telemetry/log.hpp"

namespace sluice::identity {

/// Any worker, but for `run`.
class rpc_follower {
 public:
  rpc_follower(rpc::client<v1::Identity>& node, local_checks& checks, const rpc_client_settings& told,
               const telemetry::logger& log);

  /// Goes on until it is cancelled, whatever fails.
  task<> run();
  /// Looks at the public keys again, if nobody has just done so. True if there may be new ones.
  task<bool> fetch_unknown_key();
  /// Waits, for a moment at most, until all that is revoked by now is known here.
  task<> catch_up();
  /// As the face's `follow_revocations`; what comes is known here before it is returned.
  task<result<revocation_batch>> follow(std::uint64_t after, milliseconds patience);

 private:
  task<result<void>> follow_once();
  task<result<void>> learn_all();
  task<result<verification>> fetch();
  task<result<revocation_batch>> ask(std::uint64_t after, milliseconds patience, const std::string& follower = {});

  rpc::client<v1::Identity>& node_;
  local_checks& checks_;
  const rpc_client_settings& told_;
  telemetry::logger log_;
  const std::string name_;  // that identity knows this node by
  telemetry::log_limit troubles_{std::chrono::seconds(30)};
  std::atomic<std::int64_t> next_unknown_key_{0};  // steady milliseconds
  std::chrono::steady_clock::time_point next_keys_{};
};

}  // namespace sluice::identity
