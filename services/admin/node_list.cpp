#include "admin/node_list.hpp"

#include <utility>

#include "admin/module.hpp"

namespace sluice::admin {

task<result<std::vector<node>>> registered_nodes::list() {
  auto known = co_await registry_.list();
  if (!known) co_return std::unexpected(std::move(known.error()));
  std::vector<node> all;
  for (state::node_record& one : *known) {
    node& added = all.emplace_back();
    added.id = std::move(one.id);
    added.role = std::move(one.role);
    added.address = std::move(one.address);
    added.version = std::move(one.version);
    added.started_at = one.started_at;
    for (const auto& [name, count] : one.counts) {
      if (name == connections_count) added.connections = count;
      if (name == generations_count) added.generations = count;
    }
  }
  co_return all;
}

}  // namespace sluice::admin
