#include "agent/generation_directory.hpp"

#include <utility>

namespace sluice::agent {
namespace {

std::string generation_key(const std::string& id) {
  return "generation:" + id;
}

std::string agent_key(const std::string& owner) {
  return "agent:" + owner;
}

template <class T>
result<void> as_done(const result<T>& answer) {
  if (!answer) return std::unexpected(answer.error());
  return {};
}

std::string mark_key(const std::string& owner) {
  return "agents-watched:" + owner;
}

constexpr std::chrono::hours mark_kept{1};

}  // namespace

task<result<void>> generation_directory::put(std::string generation_id, agent_place where,
                                             std::chrono::milliseconds lifetime) {
  co_return as_done(
      co_await in_.hold(generation_key(generation_id), std::move(where.owner), std::move(where.address), lifetime));
}

task<result<void>> generation_directory::remove(std::string generation_id, std::string owner) {
  co_return as_done(co_await in_.release(generation_key(generation_id), std::move(owner)));
}

task<result<std::optional<agent_place>>> generation_directory::find(std::string generation_id) {
  auto held = co_await in_.find_holder(generation_key(generation_id));
  if (!held) co_return std::unexpected(std::move(held.error()));
  if (!*held) co_return std::optional<agent_place>();
  co_return agent_place{.owner = std::move((*held)->owner), .address = std::move((*held)->value)};
}

task<result<void>> generation_directory::put_agent(agent_place where) {
  const std::string key = agent_key(where.owner);
  co_return as_done(co_await in_.hold(key, std::move(where.owner), std::move(where.address), lease));
}

task<result<void>> generation_directory::remove_agent(std::string owner) {
  const std::string key = agent_key(owner);
  co_return as_done(co_await in_.release(key, std::move(owner)));
}

task<result<bool>> generation_directory::has_agent(std::string owner) {
  const auto held = co_await in_.find_holder(agent_key(owner));
  if (!held) co_return std::unexpected(held.error());
  co_return held->has_value();
}

task<result<bool>> generation_directory::mark(std::string owner) {
  const std::string key = mark_key(owner);
  auto known = co_await in_.extend(key, mark_kept);
  if (!known || *known) co_return known;
  if (auto set = co_await in_.put(key, std::move(owner), mark_kept); !set) co_return std::unexpected(set.error());
  co_return false;
}

}  // namespace sluice::agent
