// How many connections there may be, in all and from one address.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "http/address.hpp"

namespace sluice::http {

class connection_quota;

/// One counted connection. Gives its place back when it goes; any thread.
class connection_place {
 public:
  connection_place() = default;
  ~connection_place();
  connection_place(connection_place&& other) noexcept;
  connection_place& operator=(connection_place&& other) noexcept;

  /// Counts a proxy's place for the address of whom it is used by. False if that has as many as it may. Any other place
  /// stays as it is.
  bool count_for(const boost::asio::ip::address& client);

 private:
  friend class connection_quota;
  using entry = std::pair<const client_key, std::size_t>;
  connection_place(std::shared_ptr<connection_quota> quota, entry* counted)
      : quota_(std::move(quota)), counted_(counted) {}

  std::shared_ptr<connection_quota> quota_;
  entry* counted_ = nullptr;  // of an address; null for a proxy's
};

/// Counts over all workers, under a lock that is taken only when a connection comes or goes. IPv6 clients are counted
/// by their /64, which is what one of them is given. Lives as long as its places.
class connection_quota : public std::enable_shared_from_this<connection_quota> {
 public:
  enum class refusal { too_many, too_many_from_address };

  connection_quota(std::size_t connections_max, std::size_t per_address_max)
      : connections_max_(connections_max), per_address_max_(per_address_max) {}
  connection_quota(const connection_quota&) = delete;
  connection_quota& operator=(const connection_quota&) = delete;

  std::expected<connection_place, refusal> admit(const boost::asio::ip::address& address);
  /// For a trusted proxy, behind which many clients are: no cap per address.
  std::expected<connection_place, refusal> admit_proxy();
  std::size_t size() const;

 private:
  friend class connection_place;
  connection_place::entry* count(const boost::asio::ip::address& address);
  void give_back(connection_place::entry* counted);

  const std::size_t connections_max_;
  const std::size_t per_address_max_;
  mutable std::mutex mutex_;
  std::size_t connections_ = 0;
  std::unordered_map<client_key, std::size_t, client_key_hash> by_address_;
};

}  // namespace sluice::http
