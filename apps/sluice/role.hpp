// What a process of the system does: one service, or all of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/health.hpp"
#include "app/node.hpp"
#include "base/error.hpp"

namespace sluice::app {

/// The objects of a role, built from top to bottom while the workers run, and destroyed after they have stopped.
/// All methods are called by the main thread, in this order.
class role {
 public:
  virtual ~role() = default;

  /// What must be there before anybody is let in: tables, keys, the end of what a crash left. Blocking; may be asked
  /// again after it failed.
  virtual result<void> prepare() = 0;
  /// Serves.
  virtual result<void> start() = 0;
  /// Where it is reached, after `start`: "http://127.0.0.1:8080", "grpc://127.0.0.1:50051".
  virtual std::string address() const = 0;
  /// What /readyz asks, until `take_down`.
  virtual std::vector<health::dependency> needs() = 0;
  /// What the node list shows of it. On the first worker.
  virtual std::vector<std::pair<std::string, std::uint64_t>> counts() const = 0;
  /// Refuses what is new and lets what runs come to its end within `limit`. When it returns nothing of it runs any
  /// more. Comes also where `start` failed, or never came.
  virtual void take_down(std::chrono::milliseconds limit) = 0;
};

/// Builds what can be built without waiting for others; unavailable: not yet.
result<std::unique_ptr<role>> make_serve_role(node& on);
result<std::unique_ptr<role>> make_gateway_role(node& on);
result<std::unique_ptr<role>> make_identity_role(node& on);
result<std::unique_ptr<role>> make_agent_role(node& on);
result<std::unique_ptr<role>> make_admin_role(node& on);

}  // namespace sluice::app
