#include "state/node_registry.hpp"

#include <boost/json.hpp>

namespace sluice::state {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr const char* group = "nodes";

}  // namespace

std::string write_node(const node_record& one) {
  json::object counts;
  for (const auto& [name, count] : one.counts)
    counts[name] = count;
  return json::serialize(json::object{
      {"id", one.id},
      {"role", one.role},
      {"address", one.address},
      {"version", one.version},
      {"started_ms", std::chrono::floor<milliseconds>(one.started_at.time_since_epoch()).count()},
      {"counts", std::move(counts)},
  });
}

std::optional<node_record> read_node(std::string_view text) {
  boost::system::error_code code;
  const json::value parsed = json::parse(text, code);
  if (code) return std::nullopt;
  try {
    const json::object& record = parsed.as_object();
    const auto at = [&record](const char* name) { return json::value_to<std::string>(record.at(name)); };
    node_record one{.id = at("id"),
                    .role = at("role"),
                    .address = at("address"),
                    .version = at("version"),
                    .started_at = {},
                    .counts = {}};
    one.started_at += milliseconds(record.at("started_ms").to_number<std::int64_t>());
    for (const auto& count : record.at("counts").as_object())
      one.counts.emplace_back(count.key(), count.value().to_number<std::uint64_t>());
    return one;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

task<result<void>> node_registry::heartbeat(node_record one) {
  member entry{.name = one.id, .value = write_node(one)};
  co_return co_await in_.enlist(group, std::move(entry), lifetime);
}

task<result<void>> node_registry::leave(std::string id) {
  auto left = co_await in_.delist(group, std::move(id));
  if (!left) co_return std::unexpected(std::move(left.error()));
  co_return result<void>();
}

task<result<std::vector<node_record>>> node_registry::list() {
  const auto members = co_await in_.list(group);
  if (!members) co_return std::unexpected(members.error());
  std::vector<node_record> nodes;
  for (const member& one : *members) {
    if (auto node = read_node(one.value)) nodes.push_back(std::move(*node));
  }
  co_return nodes;
}

}  // namespace sluice::state
