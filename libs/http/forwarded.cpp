#include "http/forwarded.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {
namespace {

namespace ip = boost::asio::ip;

// More proxies than this in a row are nobody's set-up.
constexpr std::size_t hops_max = 32;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_port(std::string_view text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, is_digit);
}

// An address, with or without a port: 192.0.2.1, 192.0.2.1:4711, 2001:db8::1, [2001:db8::1], [2001:db8::1]:4711.
std::optional<ip::address> parse_node(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view behind = text.substr(end + 1);
    if (!behind.empty() && !(behind.front() == ':' && is_port(behind.substr(1)))) return std::nullopt;
    text = text.substr(1, end - 1);
    if (text.find(':') == std::string_view::npos) return std::nullopt;
  } else if (const std::size_t colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    if (!is_port(text.substr(colon + 1))) return std::nullopt;
    text = text.substr(0, colon);
  }
  if (text.find('%') != std::string_view::npos) return std::nullopt;  // a zone means nothing here
  boost::system::error_code problem;
  const ip::address address = ip::make_address(std::string(text), problem);
  if (problem) return std::nullopt;
  return unmapped(address);
}

// A list of addresses from the proxies, the nearest one last: reads backwards until one is not trusted.
class backwards {
 public:
  explicit backwards(const std::vector<address_range>& trusted) : trusted_(trusted) {}
  /// Whether to go on.
  bool look_at(const std::optional<ip::address>& node) {
    found_ = node;
    return found_ && ++hops_ < hops_max && any_contains(trusted_, *found_);
  }
  std::optional<ip::address> found() const { return found_; }

 private:
  const std::vector<address_range>& trusted_;
  std::optional<ip::address> found_;
  std::size_t hops_ = 0;
};

std::optional<ip::address> find_listed(std::string_view list, const std::vector<address_range>& trusted) {
  backwards walk(trusted);
  for (;;) {
    const std::size_t comma = list.rfind(',');
    const std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
    if (!walk.look_at(parse_node(trim(last))) || comma == std::string_view::npos) return walk.found();
    list = list.substr(0, comma);
  }
}

// RFC 7239, section 4: elements parted by commas, of pairs parted by semicolons, whose values are tokens or quoted. It
// is read strictly and from the left, so that no quote which a client leaves open can hide what a proxy wrote behind.
class forwarded_reader {
 public:
  explicit forwarded_reader(std::string_view text) : rest_(text) {}

  /// The value of `for` of each element, empty where it has none; nothing if the syntax is broken.
  std::optional<std::vector<std::string>> read() {
    std::vector<std::string> nodes;
    for (;;) {
      std::string node;
      do {
        if (!read_pair(node)) return std::nullopt;
      } while (skip(';'));
      nodes.push_back(std::move(node));
      if (rest_.empty()) return nodes;
      if (!skip(',')) return std::nullopt;
    }
  }

 private:
  bool skip(char mark) {
    skip_spaces();
    if (!rest_.starts_with(mark)) return false;
    rest_.remove_prefix(1);
    skip_spaces();
    return true;
  }
  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  std::string_view read_token() {
    const std::string_view token = rest_.substr(0, rest_.find_first_of(" \t,;=\"\\"));
    rest_.remove_prefix(token.size());
    return token;
  }
  bool read_quoted(std::string& value) {
    rest_.remove_prefix(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\') rest_.remove_prefix(1);
      if (rest_.empty()) return false;
      value.push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool read_pair(std::string& node) {
    skip_spaces();
    const std::string_view name = read_token();
    if (name.empty() || !rest_.starts_with('=')) return false;
    rest_.remove_prefix(1);
    std::string value;
    if (rest_.starts_with('"')) {
      if (!read_quoted(value)) return false;
    } else {
      value = read_token();
      if (value.empty()) return false;
    }
    if (!equal_without_case(name, "for")) return true;
    if (!node.empty() || value.empty()) return false;
    node = std::move(value);
    return true;
  }

  std::string_view rest_;
};

std::optional<ip::address> find_described(std::string_view list, const std::vector<address_range>& trusted) {
  const auto nodes = forwarded_reader(list).read();
  if (!nodes) return std::nullopt;
  backwards walk(trusted);
  for (auto node = nodes->rbegin(); node != nodes->rend() && walk.look_at(parse_node(*node)); ++node) {
  }
  return walk.found();
}

}  // namespace

ip::address find_client_address(const ip::address& peer, const header_fields& headers,
                                const std::vector<address_range>& trusted_proxies) {
  const ip::address own = unmapped(peer);
  if (trusted_proxies.empty() || !any_contains(trusted_proxies, own)) return own;
  const bool is_listed = headers.has("X-Forwarded-For");
  const bool is_described = headers.has("Forwarded");
  const auto listed = is_listed ? find_listed(headers.joined("X-Forwarded-For"), trusted_proxies) : std::nullopt;
  if (!is_described) return listed.value_or(own);
  const auto described = find_described(headers.joined("Forwarded"), trusted_proxies);
  if (is_listed && listed != described) return own;
  return described.value_or(own);
}

bool is_forwarded_over_tls(const ip::address& peer, const header_fields& headers,
                           const std::vector<address_range>& trusted_proxies) {
  if (trusted_proxies.empty() || !any_contains(trusted_proxies, unmapped(peer))) return false;
  std::string all = headers.joined("X-Forwarded-Proto");
  std::string_view last = std::string_view(all).substr(all.rfind(',') + 1);
  while (last.starts_with(' '))
    last.remove_prefix(1);
  return equal_without_case(last, "https");
}

}  // namespace sluice::http
