#include "app/address.hpp"

#include <charconv>
#include <string>

namespace sluice::app {

std::optional<boost::asio::ip::tcp::endpoint> parse_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (port_text.empty() || problem != std::errc{} || end != port_text.data() + port_text.size()) return std::nullopt;

  std::string_view host = text.substr(0, colon);
  if (host.empty() || host == "*") return boost::asio::ip::tcp::endpoint(boost::asio::ip::tcp::v4(), port);
  if (host == "localhost") host = "127.0.0.1";
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  if (in_brackets) host = host.substr(1, host.size() - 2);
  boost::system::error_code bad;
  const auto address = boost::asio::ip::make_address(std::string(host), bad);
  if (bad || address.is_v6() != in_brackets) return std::nullopt;
  return boost::asio::ip::tcp::endpoint(address, port);
}

}  // namespace sluice::app
