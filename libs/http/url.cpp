#include "http/url.hpp"

#include <algorithm>

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

namespace sluice::http {
namespace {

namespace urls = boost::urls;

std::string bracketed(const std::string& host) {
  return host.contains(':') ? '[' + host + ']' : host;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

result<std::string> host_of(const urls::url_view& url) {
  if (url.host_type() == urls::host_type::ipv6) return std::string(url.host_address());
  if (url.host_type() == urls::host_type::ipvfuture)
    return failure(error_reason::invalid_argument, "names a host in a form that is not known");
  std::string host(std::string_view(url.encoded_host()));
  if (host.empty()) return failure(error_reason::invalid_argument, "names no host, e.g. https://api.example.org/v1");
  if (host.contains('%'))
    return failure(error_reason::invalid_argument,
                   "names a host with special characters; write it in punycode (xn--…)");
  std::ranges::transform(host, host.begin(), lower);
  return host;
}

}  // namespace

std::string origin::host_header() const {
  return port == (tls ? 443 : 80) ? bracketed(host) : authority();
}

std::string origin::authority() const {
  return fmt::format("{}:{}", bracketed(host), port);
}

result<base_url> parse_base_url(std::string_view text) {
  const auto parsed = urls::parse_uri(text);
  if (!parsed)
    return failure(error_reason::invalid_argument, "is not an absolute URL such as https://api.example.org/v1");
  const urls::url_view url = *parsed;
  if (url.scheme_id() != urls::scheme::http && url.scheme_id() != urls::scheme::https)
    return failure(error_reason::invalid_argument, "must begin with http:// or https://");
  if (!url.has_authority())
    return failure(error_reason::invalid_argument, "names no host, e.g. https://api.example.org/v1");
  if (url.has_userinfo())
    return failure(error_reason::invalid_argument,
                   "must not hold a user name or password; credentials have settings of their own");
  if (url.has_query() || url.has_fragment())
    return failure(error_reason::invalid_argument, "must end with its path: no ? or #");
  auto host = host_of(url);
  if (!host) return std::unexpected(host.error());

  base_url base;
  base.to.tls = url.scheme_id() == urls::scheme::https;
  base.to.host = std::move(*host);
  base.to.port = base.to.tls ? 443 : 80;
  if (url.has_port() && !url.port().empty()) {
    if (url.port_number() == 0)
      return failure(error_reason::invalid_argument, "has a port that is not from 1 to 65535");
    base.to.port = url.port_number();
  }
  base.path_prefix = std::string_view(url.encoded_path());
  while (base.path_prefix.ends_with('/'))
    base.path_prefix.pop_back();
  return base;
}

}  // namespace sluice::http
