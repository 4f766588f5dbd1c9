// Other agents, from a gateway: the ways to them, where an answer is written, and the stream that brings it.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "agent/generation_directory.hpp"
#include "agent/rpc_client.hpp"
#include "agent/v1/agent.grpc.pb.h"
#include "generation/mirror.hpp"
#include "rpc/client.hpp"

namespace sluice::agent {

/// Agents by address: a channel to each that something was with. Any thread.
class agent_nodes {
 public:
  agent_nodes(rpc::channel& any, agent_channel_maker make) : any_(any), make_(std::move(make)) {}

  /// Whichever takes new calls.
  rpc::client<v1::Agent>& any() { return any_; }
  /// A certain one; empty: any.
  result<std::shared_ptr<rpc::client<v1::Agent>>> at(const std::string& address);
  /// Not on a worker.
  void close();

 private:
  struct node {
    std::unique_ptr<rpc::channel> channel;
    std::shared_ptr<rpc::client<v1::Agent>> client;
  };
  rpc::client<v1::Agent> any_;
  agent_channel_maker make_;
  std::mutex mutex_;
  std::unordered_map<std::string, node> nodes_;
};

/// Where a generation is thought to be. An empty address: with nobody that is known.
struct answer_location {
  std::string address;
  bool is_certain = true;  ///< shared state could be asked
};

/// By what was begun here, and by the directory. Any thread.
class agent_places {
 public:
  explicit agent_places(state::shared_state& in) : directory_(in) {}

  void remember(const std::string& generation_id, const std::string& address);
  void forget(const std::string& generation_id);
  /// What was begun here so long ago that it is in the directory, or over.
  void forget_old();
  task<answer_location> locate(std::string generation_id);
  /// As the directory has it.
  task<result<std::optional<agent_place>>> look_up(std::string generation_id);

 private:
  struct place {
    std::string address;
    std::chrono::steady_clock::time_point since;
  };
  generation_directory directory_;
  std::mutex mutex_;
  std::unordered_map<std::string, place> places_;
};

struct log_position {
  std::uint64_t from = 0;   ///< what comes is above it
  std::uint64_t known = 0;  ///< what a client says it has
};

struct opened_stream {
  rpc::client_stream<v1::Deltas> rest;
  v1::Deltas first;
};

/// Errors: the agent's; unavailable if the first message does not come within `limit`.
task<result<opened_stream>> open_stream(agent_nodes& nodes, std::string address, caller who, std::string generation_id,
                                        log_position at, std::chrono::milliseconds limit);
/// Errors: as `mirror::take`.
result<void> take_deltas(generation::mirror& into, v1::Deltas& message);

rpc::call_options within(std::chrono::milliseconds deadline);
error away(std::string message);

}  // namespace sluice::agent
