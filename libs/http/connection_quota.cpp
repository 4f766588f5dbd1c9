#include "http/connection_quota.hpp"

#include <algorithm>
#include <functional>
#include <string_view>
#include <utility>

namespace sluice::http {
namespace {

std::array<std::uint8_t, 16> key_of(const boost::asio::ip::address& address) {
  namespace ip = boost::asio::ip;
  if (address.is_v4()) return ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes();
  auto bytes = address.to_v6().to_bytes();
  if (!address.to_v6().is_v4_mapped()) std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return bytes;
}

}  // namespace

connection_place::~connection_place() {
  if (quota_) quota_->give_back(*counted_);
}

connection_place::connection_place(connection_place&& other) noexcept
    : quota_(std::move(other.quota_)), counted_(other.counted_) {}

connection_place& connection_place::operator=(connection_place&& other) noexcept {
  std::swap(quota_, other.quota_);
  std::swap(counted_, other.counted_);
  return *this;
}

std::expected<connection_place, connection_quota::refusal> connection_quota::admit(
    const boost::asio::ip::address& address) {
  const std::lock_guard lock(mutex_);
  if (connections_ >= connections_max_) return std::unexpected(refusal::too_many);
  const auto [counted, first] = by_address_.try_emplace(key_of(address), 0);
  if (counted->second >= per_address_max_) {
    if (first) by_address_.erase(counted);
    return std::unexpected(refusal::too_many_from_address);
  }
  ++counted->second;
  ++connections_;
  return connection_place(shared_from_this(), *counted);
}

std::size_t connection_quota::size() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::size_t connection_quota::hash::operator()(const connection_place::address_key& key) const {
  return std::hash<std::string_view>()({reinterpret_cast<const char*>(key.data()), key.size()});
}

void connection_quota::give_back(connection_place::entry& counted) {
  const std::lock_guard lock(mutex_);
  --connections_;
  if (--counted.second == 0) by_address_.erase(counted.first);
}

}  // namespace sluice::http
