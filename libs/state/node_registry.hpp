// Which processes there are: each says so again and again, and is gone when it no longer does.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/shared_state.hpp"

namespace sluice::state {

struct node_record {
  std::string id;
  std::string role;
  std::string address;  ///< where it is reached
  std::string version;
  std::chrono::system_clock::time_point started_at;  ///< to the millisecond
  /// Live counts by name, such as "connections"; what it has none of is not there.
  std::vector<std::pair<std::string, std::uint64_t>> counts;
  bool operator==(const node_record&) const = default;
};

std::string write_node(const node_record& one);
/// Nothing for what is not a node's record, such as one of a later version.
std::optional<node_record> read_node(std::string_view text);

class node_registry {
 public:
  /// A node is forgotten so long after its last heartbeat, so there should be three within it.
  static constexpr std::chrono::milliseconds lifetime{10'000};
  static constexpr std::chrono::milliseconds interval{3'000};

  explicit node_registry(shared_state& in) : in_(in) {}

  task<result<void>> heartbeat(node_record one);
  /// A node that ends in order says so.
  task<result<void>> leave(std::string id);
  /// By id.
  task<result<std::vector<node_record>>> list();

 private:
  shared_state& in_;
};

}  // namespace sluice::state
