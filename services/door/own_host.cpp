#include "door/own_host.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/ip/address.hpp>

#include "http/header_fields.hpp"
#include "http/message.hpp"

namespace sluice::door {
namespace {

constexpr unsigned misdirected_request = 421;
constexpr std::string_view of_this_machine = ".localhost";

std::string_view without_port(std::string_view host) {
  const std::size_t colon = host.rfind(':');
  const bool is_part_of_address = host.ends_with(']');
  return colon == std::string_view::npos || is_part_of_address ? host : host.substr(0, colon);
}

bool is_address(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  boost::system::error_code none;
  boost::asio::ip::make_address(std::string(host), none);
  return !none;
}

std::string_view host_of(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return without_port(scheme == std::string_view::npos ? origin : origin.substr(scheme + 3));
}

struct guarded {
  http::handler inner;
  std::vector<std::string> origins;
};

task<> handle_guarded(std::shared_ptr<const guarded> at, http::exchange& with) {
  const http::request& asked = with.request();
  if (is_own_host(asked.headers.get("host"), at->origins)) co_return co_await at->inner(with);
  const error problem{.reason = error_reason::permission_denied,
                      .message =
                          "this server takes fixed tokens, so it answers to the names of its own machine only: "
                          "ask for localhost or an address, or name this host in server.public_url"};
  co_await with.respond(http::error_response(misdirected_request, problem, asked.request_id));
}

}  // namespace

bool is_own_host(std::string_view host, const std::vector<std::string>& origins) {
  const std::string_view name = without_port(host);
  if (name.empty()) return true;  // HTTP/1.0: no browser
  if (is_address(name) || http::equal_without_case(name, of_this_machine.substr(1))) return true;
  if (name.size() > of_this_machine.size() &&
      http::equal_without_case(name.substr(name.size() - of_this_machine.size()), of_this_machine))
    return true;
  return std::ranges::any_of(
      origins, [name](const std::string& origin) { return http::equal_without_case(name, host_of(origin)); });
}

http::route require_own_host(http::route at, std::vector<std::string> origins) {
  auto guard = std::make_shared<const guarded>(guarded{std::move(at.handle), std::move(origins)});
  at.handle = [guard = std::move(guard)](http::exchange& with) { return handle_guarded(guard, with); };
  return at;
}

}  // namespace sluice::door
