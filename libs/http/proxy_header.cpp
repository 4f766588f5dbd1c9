#include "http/proxy_header.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <string>

namespace sluice::http {
namespace {

namespace ip = boost::asio::ip;
using kind = proxy_header::kind;

constexpr std::string_view first_word = "PROXY ";
constexpr std::string_view signature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t line_bytes_max = 107;  // version 1
constexpr std::size_t fixed_bytes = 16;      // version 2

constexpr proxy_header broken{.is = kind::broken};

std::string_view next_word(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (wrong != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"
proxy_header parse_line(std::string_view start) {
  const std::size_t end = start.substr(0, line_bytes_max).find("\r\n");
  if (end == std::string_view::npos) return broken;
  proxy_header found{.is = kind::whole, .bytes = end + 2};
  std::string_view rest = start.substr(first_word.size(), end - first_word.size());
  const std::string_view family = next_word(rest);
  if (family == "UNKNOWN") return found;
  const std::string source(next_word(rest));
  next_word(rest);  // where the client connected to
  const auto port = parse_port(next_word(rest));
  boost::system::error_code problem;
  const ip::address address = ip::make_address(source, problem);
  const bool fits = (family == "TCP4" && address.is_v4()) || (family == "TCP6" && address.is_v6());
  if (problem || !fits || !port || source.find('%') != std::string::npos) return broken;
  found.client.emplace(address, *port);
  return found;
}

template <class Address>
ip::tcp::endpoint read_endpoint(std::string_view addresses) {
  typename Address::bytes_type bytes;
  std::copy_n(addresses.begin(), bytes.size(), reinterpret_cast<char*>(bytes.data()));
  const auto port = addresses.substr(2 * bytes.size());
  return {Address(bytes),
          static_cast<std::uint16_t>(static_cast<std::uint8_t>(port[0]) << 8 | static_cast<std::uint8_t>(port[1]))};
}

proxy_header parse_binary(std::string_view start) {
  if (start.size() < fixed_bytes) return broken;
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(start[at]); };
  const std::size_t length = static_cast<std::size_t>(byte(14)) << 8 | byte(15);
  if (byte(12) >> 4 != 2 || start.size() - fixed_bytes < length) return broken;
  proxy_header found{.is = kind::whole, .bytes = fixed_bytes + length};
  const std::uint8_t command = byte(12) & 0x0F;
  if (command == 0) return found;  // LOCAL
  if (command != 1) return broken;
  const std::string_view addresses = start.substr(fixed_bytes, length);
  if (byte(13) == 0x11) {  // TCP over IPv4
    if (length < 12) return broken;
    found.client = read_endpoint<ip::address_v4>(addresses);
  } else if (byte(13) == 0x21) {  // TCP over IPv6
    if (length < 36) return broken;
    found.client = read_endpoint<ip::address_v6>(addresses);
  }
  return found;
}

}  // namespace

proxy_header parse_proxy_header(std::string_view start) {
  if (start.empty()) return {};
  if (start.starts_with(first_word)) return parse_line(start);
  if (start.starts_with(signature)) return parse_binary(start);
  if (first_word.starts_with(start) && start.size() > 1) return broken;  // one letter may begin a method
  return signature.starts_with(start) && start.size() > 4 ? broken : proxy_header{};
}

}  // namespace sluice::http
