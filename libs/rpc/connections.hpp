// A channel's inside: gRPC's channels, and the calls that are under way on them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include "rpc/call.hpp"
#include "rpc/channel.hpp"
#include "rpc/instruments.hpp"
#include "telemetry/log.hpp"

namespace sluice::rpc {

/// Something that has been begun and has not ended.
class under_way {
 public:
  virtual void give_up() = 0;
  watched_call watched;

 protected:
  ~under_way() = default;
};

/// Any thread.
class connections {
 public:
  connections(channel_settings told, std::vector<std::shared_ptr<grpc::Channel>> channels,
              const telemetry::logger& log);
  ~connections();
  connections(const connections&) = delete;
  connections& operator=(const connections&) = delete;

  const std::string& peer() const { return peer_; }
  const std::vector<std::shared_ptr<grpc::Channel>>& channels() const { return channels_; }
  /// Which of the channels has the next call: in turn those that are connected; where none is, all.
  std::size_t pick();

  /// Fills in what every call says; from here to `leave` the call is known to `give_up_all`.
  void enter(under_way& call, const call_name& name, grpc::ClientContext& context, const call_options& options);
  /// `last` is the last that is done for the call on this thread: the destructor waits for it.
  template <class Last>
  void leave(under_way& call, Last last) {
    const std::scoped_lock lock(lock_);
    under_way_.erase(&call);
    last();
    if (under_way_.empty()) left_.notify_all();
  }
  void give_up_all();
  bool is_idle();

  /// What a call that failed is to its caller; logs that this node is refused.
  error read_failure(const grpc::Status& status);

 private:
  std::string peer_;
  std::string proof_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  telemetry::logger log_;
  instruments* watch_;
  telemetry::log_limit refusals_{std::chrono::seconds(10)};
  std::atomic<std::size_t> next_{0};
  std::mutex lock_;
  std::condition_variable left_;
  std::unordered_set<under_way*> under_way_;
};

}  // namespace sluice::rpc
