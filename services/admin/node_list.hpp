// Which processes there are.
#pragma once

#include <vector>

#include "admin/admin_service.hpp"
#include "state/node_registry.hpp"

namespace sluice::admin {

class node_list {
 public:
  virtual ~node_list() = default;
  /// Errors: unavailable.
  virtual task<result<std::vector<node>>> list() = 0;
};

/// Those that say so in shared state.
class registered_nodes final : public node_list {
 public:
  explicit registered_nodes(state::shared_state& in) : registry_(in) {}
  task<result<std::vector<node>>> list() override;

 private:
  state::node_registry registry_;
};

}  // namespace sluice::admin
