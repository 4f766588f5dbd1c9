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
#include "agent/v1/conversations.grpc.pb.h"
#include "generation/mirror.hpp"
#include "rpc/client.hpp"

namespace sluice::agent {

/// What an agent can be asked.
struct agent_node {
  explicit agent_node(rpc::channel& over) : answers(over), stored(over) {}
  rpc::client<v1::Agent> answers;
  rpc::client<v1::Conversations> stored;
};

/// Agents by address: a channel to each that something was with lately. Any thread.
class agent_nodes {
 public:
  agent_nodes(rpc::channel& any, agent_channel_maker make)
      : any_(std::make_shared<agent_node>(any)), make_(std::move(make)) {}

  /// Whichever takes new calls.
  agent_node& any() { return *any_; }
  /// A certain one; empty: any. It is there as long as what is returned, or a call of it.
  result<std::shared_ptr<agent_node>> at(const std::string& address);
  /// Lets go of channels that nothing went over for that long: of agents that are gone, among others.
  void drop_unused(std::chrono::steady_clock::duration for_long);
  /// Not on a worker.
  void close();

 private:
  struct place {
    std::unique_ptr<rpc::channel> channel;
    std::shared_ptr<agent_node> node;
    std::chrono::steady_clock::time_point used;
  };
  std::shared_ptr<agent_node> any_;
  agent_channel_maker make_;
  std::mutex mutex_;
  std::unordered_map<std::string, place> nodes_;
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
  std::shared_ptr<agent_node> from;
  rpc::client_stream<v1::Deltas> rest;
  v1::Deltas first;
};

/// Errors: the agent's; unavailable if the first message does not come within `limit`.
task<result<opened_stream>> open_stream(agent_nodes& nodes, std::string address, caller who, std::string generation_id,
                                        log_position at, std::chrono::milliseconds limit);
/// Errors: as `mirror::take`.
result<void> take_deltas(generation::mirror& into, v1::Deltas& message);
bool ends_as_failure(const v1::Deltas& message);

rpc::call_options within(std::chrono::milliseconds deadline);
error away(std::string message);

}  // namespace sluice::agent
