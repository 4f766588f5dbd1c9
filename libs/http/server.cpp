#include "http/server.hpp"

#include <charconv>
#include <future>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/use_future.hpp>

#include "http/listener.hpp"

namespace sluice::http {
namespace {

std::string in_words(const asio::ip::tcp::endpoint& endpoint) {
  const std::string address = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

error cannot_listen(const asio::ip::tcp::endpoint& endpoint, error_code code) {
  const std::string where = in_words(endpoint);
  if (code == asio::error::address_in_use)
    return {.reason = error_reason::conflict,
            .message = "address " + where + " is in use: stop what listens there, or choose another address"};
  if (code == asio::error::access_denied)
    return {.reason = error_reason::permission_denied,
            .message = "not allowed to listen on " + where + ": ports below 1024 need a privilege"};
  if (code == boost::system::errc::address_not_available)
    return {.reason = error_reason::invalid_argument,
            .message = "cannot listen on " + where + ": this machine has no such address"};
  return {.reason = error_reason::internal, .message = "cannot listen on " + where + ": " + code.message()};
}

// With SO_REUSEPORT a second server of the same user would quietly share the port. A socket without it finds out, and
// finds a free port where none was given.
error_code probe(asio::ip::tcp::endpoint& endpoint) {
  asio::io_context unused;
  tcp_acceptor socket(unused.get_executor());
  error_code code;
  socket.open(endpoint.protocol(), code);
  if (!code) socket.set_option(asio::socket_base::reuse_address(true), code);
  if (!code && endpoint.address().is_v6()) socket.set_option(asio::ip::v6_only(false), code);
  if (!code) socket.bind(endpoint, code);
  if (!code) endpoint = socket.local_endpoint(code);
  return code;
}

}  // namespace

struct server::shared {
  std::shared_ptr<serving> what;
  async::worker_pool& workers;
  worker_buffers& buffers;
  asio::ip::tcp::endpoint endpoint = {};
  std::vector<std::unique_ptr<listener>> listeners = {};
  server_counters ended = {};  // what the listeners had counted when they were stopped
};

server::server(async::worker_pool& workers, worker_buffers& buffers, server_settings settings, router routes,
               server_hooks hooks) {
  auto quota =
      std::make_shared<connection_quota>(settings.limits.connections_max, settings.limits.connections_per_address_max);
  const server_limits& limits = settings.limits;
  auto bodies = std::make_shared<body_quota>(
      limits.bodies_bytes_max,
      std::max(limits.body_bytes_max, limits.bodies_bytes_max / server_limits::bodies_of_one_client));
  auto what = std::make_shared<serving>(serving{.settings = std::move(settings),
                                                .routes = std::move(routes),
                                                .hooks = std::move(hooks),
                                                .quota = std::move(quota),
                                                .bodies = std::move(bodies)});
  shared_ = std::make_unique<shared>(shared{.what = std::move(what), .workers = workers, .buffers = buffers});
}

server::~server() {
  stop(std::chrono::milliseconds(0));
}

result<void> server::reserve() {
  if (!shared_->listeners.empty()) return {};
  shared_->endpoint = shared_->what->settings.listen;
  if (const error_code code = probe(shared_->endpoint)) return std::unexpected(cannot_listen(shared_->endpoint, code));
  std::vector<std::unique_ptr<listener>> made;
  for (std::size_t i = 0; i < shared_->workers.size(); ++i) {
    made.push_back(std::make_unique<listener>(shared_->what, shared_->workers[i], shared_->buffers[i]));
    if (const error_code code = made.back()->open(shared_->endpoint))
      return std::unexpected(cannot_listen(shared_->endpoint, code));
  }
  shared_->listeners = std::move(made);
  return {};
}

result<void> server::start() {
  if (auto reserved = reserve(); !reserved) return reserved;
  for (std::size_t i = 0; i < shared_->listeners.size(); ++i)
    shared_->workers[i].post([one = shared_->listeners[i].get()] { one->run(); });
  return {};
}

asio::ip::tcp::endpoint server::local_endpoint() const {
  return shared_->endpoint;
}

void server::wind_down() {
  for (std::size_t i = 0; i < shared_->listeners.size(); ++i)
    shared_->workers[i].post([one = shared_->listeners[i].get()] { one->wind_down(); });
}

void server::stop(std::chrono::milliseconds drain) {
  std::vector<std::future<void>> ends;
  for (std::size_t i = 0; i < shared_->listeners.size(); ++i)
    ends.push_back(
        asio::co_spawn(shared_->workers[i].get_executor(), shared_->listeners[i]->stop(drain), asio::use_future));
  for (std::future<void>& end : ends)
    end.get();
  shared_->ended = counters();
  shared_->listeners.clear();
}

server_counters server::counters() const {
  server_counters sum = shared_->ended;
  for (const auto& one : shared_->listeners)
    one->add_to(sum);
  sum.connections_open = shared_->what->quota->size();
  return sum;
}

result<asio::ip::tcp::endpoint> parse_listen_address(std::string_view text) {
  const auto broken = [&] {
    return failure(error_reason::invalid_argument, "\"" + std::string(text) +
                                                       "\" is not an address to listen on; write ADDRESS:PORT, such as "
                                                       "127.0.0.1:8080, [::1]:8080 or :8080");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return broken();
  const std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (problem != std::errc() || end != digits.data() + digits.size()) return broken();
  std::string_view host = text.substr(0, colon);
  if (host.empty()) return asio::ip::tcp::endpoint(asio::ip::address_v4::any(), port);
  if (host == "localhost") return asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), port);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  error_code code;
  const auto address = asio::ip::make_address(std::string(host), code);
  if (code || address.is_v6() != bracketed) return broken();
  return asio::ip::tcp::endpoint(address, port);
}

}  // namespace sluice::http
