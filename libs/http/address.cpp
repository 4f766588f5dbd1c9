#include "http/address.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace sluice::http {
namespace {

namespace ip = boost::asio::ip;

std::array<std::uint8_t, 16> bytes_of(const ip::address& address) {
  if (address.is_v4()) return ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes();
  return address.to_v6().to_bytes();
}

bool same_prefix(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b, unsigned bits) {
  const unsigned whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

ip::address unmapped(const ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

client_key client_key_of(const ip::address& address) {
  client_key key = bytes_of(address);
  if (!unmapped(address).is_v4()) std::fill(key.begin() + 8, key.end(), std::uint8_t{0});
  return key;
}

std::optional<address_range> address_range::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  boost::system::error_code problem;
  const ip::address base = ip::make_address(std::string(text.substr(0, slash)), problem);
  if (problem || (base.is_v6() && base.to_v6().scope_id() != 0)) return std::nullopt;
  const unsigned bits_max = base.is_v4() ? 32 : 128;
  unsigned bits = bits_max;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (wrong != std::errc() || end != digits.data() + digits.size() || bits > bits_max) return std::nullopt;
  }
  address_range range;
  range.bytes_ = bytes_of(base);
  range.prefix_bits_ = bits + (128 - bits_max);
  for (unsigned bit = range.prefix_bits_; bit < 128; ++bit) {
    if ((range.bytes_[bit / 8] >> (7 - bit % 8)) & 1) return std::nullopt;
  }
  return range;
}

bool address_range::contains(const ip::address& address) const {
  return same_prefix(bytes_, bytes_of(address), prefix_bits_);
}

bool any_contains(const std::vector<address_range>& ranges, const ip::address& address) {
  return std::ranges::any_of(ranges, [&](const address_range& one) { return one.contains(address); });
}

}  // namespace sluice::http
