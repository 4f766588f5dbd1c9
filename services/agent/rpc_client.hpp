// Agents on other nodes, held as if one were here.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/agent_service.hpp"
#include "agent/conversation_service.hpp"
#include "async/worker_pool.hpp"
#include "rpc/channel.hpp"
#include "state/shared_state.hpp"
#include "telemetry/log.hpp"

namespace sluice::agent {

struct rpc_client_settings {
  std::chrono::milliseconds call_deadline{30'000};
  std::chrono::milliseconds opening_deadline{10'000};      ///< to the first message of what is followed
  std::chrono::milliseconds abandoned_after{5'000};        ///< what nobody here reads is followed no longer
  std::chrono::milliseconds housekeeping{1'000};           ///< between two looks for such
  std::chrono::milliseconds lost_after{20'000};            ///< a stream that breaks is sought again for so long
  std::chrono::milliseconds channel_kept{300'000};         ///< to one agent, without a call
  std::uint64_t log_bytes_max = (1ULL << 30) + (1 << 20);  ///< above what any agent lets an answer grow to
};

/// Makes a channel to one certain agent, by where it says that it is; it goes there also while the agent drains.
using agent_channel_maker = std::function<result<std::unique_ptr<rpc::channel>>(const std::string& address)>;

/// The faces, by calls over `any`, which goes to all agents in turn, and over channels to those that write the
/// generations that are followed. A generation is followed by one stream, however many read it here: into a log of this
/// node (generation/mirror.hpp), with the numbers of the first. A stream that breaks is opened again where it was; if
/// its agent is gone, the answer ends as `failed` when its lease has run out.
class rpc_client {
 public:
  rpc_client(async::worker_pool& workers, rpc::channel& any, agent_channel_maker make_channel, state::shared_state& in,
             rpc_client_settings told, const telemetry::logger& log);
  ~rpc_client();

  service& face();
  conversation_service& stored();
  /// Begins the housekeeping, while the workers run.
  void begin();
  /// Lets go of everything that is followed, and of the channels. Not on a worker, while they run.
  void stop();
  /// Answers that are followed here.
  std::uint64_t followed_now() const;
  /// Whether an agent answers, for readiness.
  task<result<void>> check(std::chrono::milliseconds limit);

 private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

}  // namespace sluice::agent
