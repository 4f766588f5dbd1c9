#include "agent/rpc_nodes.hpp"

#include <utility>

#include "agent/rpc_messages.hpp"
#include "async/with_deadline.hpp"
#include "generation/content_json.hpp"

namespace sluice::agent {
namespace {

using clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds stream_deadline = std::chrono::hours(24);
constexpr std::chrono::minutes place_kept{2};
constexpr std::size_t places_max = 100'000;

}  // namespace

result<std::shared_ptr<agent_node>> agent_nodes::at(const std::string& address) {
  if (address.empty()) return any_;
  const std::scoped_lock lock(mutex_);
  place& known = nodes_[address];
  if (!known.node) {
    auto made = make_(address);
    if (!made) {
      nodes_.erase(address);
      return std::unexpected(std::move(made.error()));
    }
    known.channel = std::move(*made);
    known.node = std::make_shared<agent_node>(*known.channel);
  }
  known.used = clock::now();
  return known.node;
}

// Nobody else has the node, or comes by it without the lock; and the end of an idle channel does not wait.
void agent_nodes::drop_unused(clock::duration for_long) {
  const auto now = clock::now();
  const std::scoped_lock lock(mutex_);
  for (auto one = nodes_.begin(); one != nodes_.end();) {
    place& known = one->second;
    if (known.node.use_count() != 1 || !known.channel->is_idle()) known.used = now;
    one = now - known.used >= for_long ? nodes_.erase(one) : std::next(one);
  }
}

void agent_nodes::close() {
  const std::scoped_lock lock(mutex_);
  nodes_.clear();
}

void agent_places::remember(const std::string& generation_id, const std::string& address) {
  if (address.empty()) return;
  const std::scoped_lock lock(mutex_);
  if (places_.size() >= places_max) places_.clear();  // the directory has them
  places_[generation_id] = {.address = address, .since = clock::now()};
}

void agent_places::forget(const std::string& generation_id) {
  const std::scoped_lock lock(mutex_);
  places_.erase(generation_id);
}

void agent_places::forget_old() {
  const auto before = clock::now() - place_kept;
  const std::scoped_lock lock(mutex_);
  std::erase_if(places_, [&](const auto& one) { return one.second.since < before; });
}

task<answer_location> agent_places::locate(std::string generation_id) {
  {
    const std::scoped_lock lock(mutex_);
    if (const auto found = places_.find(generation_id); found != places_.end())
      co_return answer_location{.address = found->second.address};
  }
  const auto found = co_await directory_.find(std::move(generation_id));
  answer_location at{.address = {}, .is_certain = found.has_value()};
  if (found && *found) at.address = (*found)->address;
  co_return at;
}

task<result<std::optional<agent_place>>> agent_places::look_up(std::string generation_id) {
  return directory_.find(std::move(generation_id));
}

task<result<opened_stream>> open_stream(agent_nodes& nodes, std::string address, caller who, std::string generation_id,
                                        log_position at, std::chrono::milliseconds limit) {
  const auto node = nodes.at(address);
  if (!node) co_return std::unexpected(node.error());
  v1::FollowRequest request;
  *request.mutable_who() = to_message(who);
  request.set_generation_id(std::move(generation_id));
  request.set_after(at.from);
  request.set_known(at.known);
  const executor here = co_await asio::this_coro::executor;
  auto stream =
      (*node)->answers.open(here, &rpc::methods<v1::Agent>::Follow, std::move(request), within(stream_deadline));
  auto first = co_await async::with_deadline(stream.read(), limit);
  if (!first) co_return std::unexpected(away("the agent does not answer"));
  if (!*first) co_return std::unexpected(std::move(first->error()));
  if (!**first || !(**first)->has_about()) co_return std::unexpected(away("the agent broke off"));
  co_return opened_stream{.from = *node, .rest = std::move(stream), .first = std::move(***first)};
}

result<void> take_deltas(generation::mirror& into, v1::Deltas& message) {
  for (v1::DeltaRange& each : *message.mutable_ranges()) {
    const auto range = from_message(each);
    if (!range) return std::unexpected(range.error());
    if (auto taken = into.take(*range); !taken) return taken;
  }
  if (!message.has_ending()) return {};
  auto ending = generation::parse_finish(message.ending());
  if (!ending) return std::unexpected(std::move(ending.error()));
  into.end(std::move(*ending), message.ending_number());
  return {};
}

bool ends_as_failure(const v1::Deltas& message) {
  if (!message.has_ending()) return false;
  const auto ending = generation::parse_finish(message.ending());
  return !ending || ending->status == generation::status::failed;
}

rpc::call_options within(std::chrono::milliseconds deadline) {
  rpc::call_options made;
  made.deadline = deadline;
  return made;
}

error away(std::string message) {
  return {.reason = error_reason::unavailable, .message = std::move(message), .retry_after = std::chrono::seconds(1)};
}

}  // namespace sluice::agent
