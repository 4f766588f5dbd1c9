#include "state/redis_address.hpp"

#include <charconv>

#include <boost/url/parse.hpp>
#include <fmt/format.h>

namespace sluice::state {
namespace {

std::unexpected<error> wrong(std::string why) {
  return failure(error_reason::invalid_argument, std::move(why), "state.url");
}

constexpr const char* advice =
    "the shared state's URL must be like redis://user:password@host:6379/0 or rediss://… for TLS, special characters "
    "of its parts written as %XX";

constexpr std::uint32_t database_max = 65'535;

}  // namespace

std::string redis_address::shown() const {
  const std::string place = host.contains(':') ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
  return database == 0 ? place : fmt::format("{}/{}", place, database);
}

result<redis_address> parse_redis_url(std::string_view url) {
  const auto parsed = boost::urls::parse_uri(url);
  if (!parsed) return wrong(advice);
  const std::string_view scheme = parsed->scheme();
  if (scheme == "redis-sentinel" || scheme == "redis-cluster") {
    return wrong(fmt::format("{}:// is not supported yet: name the primary by redis:// or rediss://", scheme));
  }
  if (scheme != "redis" && scheme != "rediss") return wrong(advice);
  if (parsed->has_query() || parsed->has_fragment()) return wrong(advice);
  redis_address made{.tls = scheme == "rediss"};
  made.host = parsed->host_address();
  if (made.host.empty() || made.host.contains('\0')) return wrong(advice);
  if (parsed->has_port()) {
    made.port = parsed->port_number();
    if (made.port == 0) return wrong(advice);
  }
  made.user = parsed->user();
  made.password = secret_string(parsed->password());
  if (!made.user.empty() && made.password.empty()) return wrong("the shared state's URL has a user but no password");
  const std::string_view path = parsed->encoded_path();
  if (path.size() > 1) {
    const auto [end, code] = std::from_chars(path.data() + 1, path.data() + path.size(), made.database);
    if (code != std::errc() || end != path.data() + path.size() || made.database > database_max)
      return wrong("the path of the shared state's URL must be the number of a database, such as /0");
  }
  return made;
}

}  // namespace sluice::state
