#include "http/proxy.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <span>

#include <boost/beast/core/detail/base64.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

namespace sluice::http {
namespace {

namespace ip = boost::asio::ip;
namespace urls = boost::urls;

std::string from_environment(const char* lower_case, const char* upper_case) {
  for (const char* name : {lower_case, upper_case}) {
    if (const char* value = std::getenv(name); value && *value) return value;
  }
  return {};
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

std::string basic_credentials(const urls::url_view& url) {
  namespace base64 = boost::beast::detail::base64;
  const std::string plain = url.user() + ':' + url.password();
  std::string encoded(base64::encoded_size(plain.size()), '\0');
  encoded.resize(base64::encode(encoded.data(), plain.data(), plain.size()));
  return "Basic " + encoded;
}

result<std::shared_ptr<const proxy>> parse_proxy(std::string_view setting, std::string_view text) {
  if (text.empty()) return nullptr;
  const auto bad = [&](std::string_view what) {
    return failure(error_reason::invalid_argument, std::string(setting) + ' ' + std::string(what));
  };
  const std::string whole = text.contains("://") ? std::string(text) : "http://" + std::string(text);
  const auto parsed = urls::parse_uri(whole);
  if (!parsed) return bad("is not a proxy's URL such as http://proxy.example.org:3128");
  const urls::url_view url = *parsed;
  if (url.scheme_id() != urls::scheme::http) return bad("must be an http:// proxy (others are not supported)");
  if (url.encoded_host().empty()) return bad("names no host, e.g. http://proxy.example.org:3128");
  auto one = std::make_shared<proxy>();
  one->at.host = to_lower(url.host_address());
  one->at.port = 80;
  if (url.has_port() && !url.port().empty()) one->at.port = url.port_number();
  if (one->at.port == 0) return bad("has a port that is not from 1 to 65535");
  if (url.has_userinfo()) one->authorization = secret_string(basic_credentials(url));
  return one;
}

bool same_network(std::span<const unsigned char> a, std::span<const unsigned char> b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::ranges::equal(a.first(whole), b.first(whole))) return false;
  return bits % 8 == 0 || (a[whole] ^ b[whole]) >> (8 - bits % 8) == 0;
}

bool in_network(const ip::address& one, const ip::address& network, unsigned bits) {
  if (one.is_v4() != network.is_v4()) return false;
  if (one.is_v4()) return same_network(one.to_v4().to_bytes(), network.to_v4().to_bytes(), bits);
  return same_network(one.to_v6().to_bytes(), network.to_v6().to_bytes(), bits);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text, Number max) {
  Number value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value > max) return std::nullopt;
  return value;
}

}  // namespace

proxy_settings proxy_settings_from_environment() {
  return {.https = from_environment("https_proxy", "HTTPS_PROXY"),
          .http = from_environment("http_proxy", "HTTP_PROXY"),
          .exceptions = from_environment("no_proxy", "NO_PROXY")};
}

result<proxy_rules> proxy_rules::parse(const proxy_settings& settings) {
  proxy_rules rules;
  auto https = parse_proxy("HTTPS_PROXY", settings.https);
  if (!https) return std::unexpected(https.error());
  auto http = parse_proxy("HTTP_PROXY", settings.http);
  if (!http) return std::unexpected(http.error());
  rules.https_ = std::move(*https);
  rules.http_ = std::move(*http);
  std::string_view rest = settings.exceptions;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find_first_of(", "), rest.size());
    const std::string_view one = trim(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (one.empty()) continue;
    if (one == "*") {
      rules.everything_excepted_ = true;
    } else if (auto rule = parse_exception(one)) {
      rules.exceptions_.push_back(std::move(*rule));
    } else {
      return failure(error_reason::invalid_argument,
                     "NO_PROXY holds \"" + std::string(one) + "\", which is no host name, address or network");
    }
  }
  return rules;
}

std::optional<proxy_rules::exception> proxy_rules::parse_exception(std::string_view text) {
  exception rule;
  boost::system::error_code not_address;
  const auto slash = text.find('/');
  if (auto network = ip::make_address(text.substr(0, slash), not_address); !not_address) {
    const unsigned bits = network.is_v4() ? 32 : 128;
    const auto given = slash == std::string_view::npos ? bits : parse_number(text.substr(slash + 1), bits);
    if (!given) return std::nullopt;
    rule.network = network;
    rule.prefix_bits = *given;
    return rule;
  }
  if (slash != std::string_view::npos) return std::nullopt;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos && !text.ends_with(']')) {
    const auto port = parse_number<std::uint16_t>(text.substr(colon + 1), 65535);
    if (!port || *port == 0) return std::nullopt;
    rule.port = *port;
    text = text.substr(0, colon);
  }
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (auto address = ip::make_address(text, not_address); !not_address) {
    rule.network = address;
    rule.prefix_bits = address.is_v4() ? 32 : 128;
    return rule;
  }
  if (text.starts_with("*.")) text.remove_prefix(1);
  if (text.empty() || text == ".") return std::nullopt;
  rule.name = to_lower(text);
  return rule;
}

bool proxy_rules::matches(const exception& rule, const origin& to) {
  if (rule.port != 0 && rule.port != to.port) return false;
  if (rule.network) {
    boost::system::error_code not_address;
    const auto address = ip::make_address(to.host, not_address);
    return !not_address && in_network(address, *rule.network, rule.prefix_bits);
  }
  if (rule.name.starts_with('.')) return to.host.ends_with(rule.name);
  return to.host == rule.name || to.host.ends_with('.' + rule.name);
}

const proxy* proxy_rules::find(const origin& to) const {
  const proxy* const one = to.tls ? https_.get() : http_.get();
  if (!one || everything_excepted_ || to.host == "localhost") return nullptr;
  boost::system::error_code not_address;
  const auto address = ip::make_address(to.host, not_address);
  if (!not_address && address.is_loopback()) return nullptr;
  const bool excepted = std::ranges::any_of(exceptions_, [&](const exception& rule) { return matches(rule, to); });
  return excepted ? nullptr : one;
}

}  // namespace sluice::http
