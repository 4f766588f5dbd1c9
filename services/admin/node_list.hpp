// Which processes there are: a face, for who knows that depends on how many they are.
#pragma once

#include <functional>
#include <vector>

#include "admin/admin_service.hpp"

namespace sluice::admin {

class node_list {
 public:
  virtual ~node_list() = default;
  /// Errors: unavailable.
  virtual task<result<std::vector<node>>> list() = 0;
};

/// Counts of this process as they are at this moment; from any thread.
struct node_counts {
  std::function<std::uint64_t()> connections;
  std::function<std::uint64_t()> generations;
};

/// Where everything runs in one process, which is this one.
class own_node final : public node_list {
 public:
  own_node(node about, node_counts counts) : about_(std::move(about)), counts_(std::move(counts)) {}

  task<result<std::vector<node>>> list() override {
    node now = about_;
    if (counts_.connections) now.connections = counts_.connections();
    if (counts_.generations) now.generations = counts_.generations();
    co_return std::vector{std::move(now)};
  }

 private:
  const node about_;
  const node_counts counts_;
};

}  // namespace sluice::admin
