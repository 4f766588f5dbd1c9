#include "app/listeners.hpp"

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

listeners::listeners(async::worker_pool& workers, http::worker_buffers& buffers, listener_settings told,
                     std::vector<http::route> for_clients, std::vector<http::route> for_internal,
                     const http::server_hooks& hooks)
    : is_tls_(told.clients.tls.has_value()),
      clients_(workers, buffers, std::move(told.clients), http::router(std::move(for_clients)), hooks) {
  if (told.internal)
    internal_.emplace(workers, buffers, std::move(*told.internal), http::router(std::move(for_internal)), hooks);
}

result<void> listeners::start() {
  if (auto started = clients_.start(); !started) return started;
  return internal_ ? internal_->start() : result<void>();
}

std::string listeners::address() const {
  return fmt::format("{}://{}", is_tls_ ? "https" : "http", reachable(clients_.local_endpoint()));
}

void listeners::say_ready(std::ostream& out) const {
  out << "ready " << address() << std::endl;
  if (internal_) out << "ready http://" << reachable(internal_->local_endpoint()) << std::endl;
}

void listeners::wind_down() {
  clients_.wind_down();
}

void listeners::stop(std::chrono::milliseconds drain) {
  clients_.stop(drain);
  if (internal_) internal_->stop(std::chrono::milliseconds(0));
}

}  // namespace sluice::app
