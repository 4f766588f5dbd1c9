#include "http/connection_quota.hpp"

#include <utility>

namespace sluice::http {
connection_place::~connection_place() {
  if (quota_) quota_->give_back(counted_);
}

connection_place::connection_place(connection_place&& other) noexcept
    : quota_(std::move(other.quota_)), counted_(other.counted_) {}

connection_place& connection_place::operator=(connection_place&& other) noexcept {
  std::swap(quota_, other.quota_);
  std::swap(counted_, other.counted_);
  return *this;
}

bool connection_place::count_for(const boost::asio::ip::address& client) {
  if (!quota_ || counted_ != nullptr) return true;
  const std::lock_guard lock(quota_->mutex_);
  counted_ = quota_->count(client);
  return counted_ != nullptr;
}

std::expected<connection_place, connection_quota::refusal> connection_quota::admit(
    const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  if (connections_ >= connections_max_) return std::unexpected(refusal::too_many);
  connection_place::entry* const counted = count(address);
  if (counted == nullptr) return std::unexpected(refusal::too_many_from_address);
  ++connections_;
  return connection_place(shared_from_this(), counted);
}

std::expected<connection_place, connection_quota::refusal> connection_quota::admit_proxy() {
  const std::lock_guard lock(mutex_);
  if (connections_ >= connections_max_) return std::unexpected(refusal::too_many);
  ++connections_;
  return connection_place(shared_from_this(), nullptr);
}

connection_place::entry* connection_quota::count(const boost::asio::ip::address& address) {
  const auto [counted, first] = by_address_.try_emplace(client_key_of(address), 0);
  if (counted->second >= per_address_max_) {
    if (first) by_address_.erase(counted);
    return nullptr;
  }
  ++counted->second;
  return &*counted;
}

std::size_t connection_quota::size() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

void connection_quota::give_back(connection_place::entry* counted) {
  const std::lock_guard lock(mutex_);
  --connections_;
  if (counted != nullptr && --counted->second == 0) by_address_.erase(counted->first);
}

}  // namespace sluice::http
