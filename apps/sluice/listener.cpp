#include "app/listener.hpp"

#include <utility>

#include <fmt/format.h>

namespace sluice::app {
namespace {

std::string reachable(const asio::ip::tcp::endpoint& at) {
  asio::ip::address address = at.address();
  if (address.is_unspecified()) {
    address = address.is_v6() ? asio::ip::address(asio::ip::address_v6::loopback())
                              : asio::ip::address(asio::ip::address_v4::loopback());
  }
  return address.is_v6() ? fmt::format("[{}]:{}", address.to_string(), at.port())
                         : fmt::format("{}:{}", address.to_string(), at.port());
}

}  // namespace

listener::listener(async::worker_pool& workers, http::worker_buffers& buffers, http::server_settings told,
                   std::vector<http::route> routes, const http::server_hooks& hooks)
    : is_tls_(told.tls.has_value()),
      server_(workers, buffers, std::move(told), http::router(std::move(routes)), hooks) {}

std::string listener::address() const {
  return fmt::format("{}://{}", is_tls_ ? "https" : "http", reachable(server_.local_endpoint()));
}

}  // namespace sluice::app
