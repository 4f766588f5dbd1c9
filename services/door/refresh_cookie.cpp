#include "door/refresh_cookie.hpp"

#include <fmt/format.h>

#include "door/admission.hpp"

namespace sluice::door {
namespace {

constexpr std::string_view cookie_name = "sluice_refresh";
constexpr std::size_t cookie_bytes_max = 256;

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

std::string make_cookie(const settings& told, const http::request& asked, std::string_view value,
                        std::chrono::seconds lifetime) {
  const bool secure = asked.is_tls || told.public_origin.starts_with("https://");
  return fmt::format("{}={}; Path=/v1/auth; Max-Age={}; HttpOnly; SameSite=Strict{}", cookie_name, value,
                     lifetime.count(), secure ? "; Secure" : "");
}

bool is_json(std::string_view content_type) {
  return http::equal_without_case(trim(content_type.substr(0, content_type.find(';'))), "application/json");
}

}  // namespace

std::optional<secret_string> find_refresh_cookie(const http::request& asked) {
  // Browsers send one field; HTTP/2 to HTTP/1.1 gateways may leave several, which belong together (RFC 6265, 5.4).
  for (std::size_t i = 0; i < asked.headers.size(); ++i) {
    const auto field = asked.headers[i];
    if (!http::equal_without_case(field.name, "cookie")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (!pair.starts_with(cookie_name) || pair.substr(cookie_name.size(), 1) != "=") continue;
      const std::string_view value = pair.substr(cookie_name.size() + 1);
      if (value.empty() || value.size() > cookie_bytes_max) return std::nullopt;
      return secret_string(std::string(value));
    }
  }
  return std::nullopt;
}

std::string set_refresh_cookie(const settings& told, const http::request& asked, const secret_string& token,
                               std::chrono::seconds lifetime) {
  return make_cookie(told, asked, token.reveal(), lifetime);
}

std::string clear_refresh_cookie(const settings& told, const http::request& asked) {
  return make_cookie(told, asked, "", std::chrono::seconds(0));
}

bool comes_from_own_page(const settings& told, const http::request& asked) {
  const std::string_view origin = asked.headers.get("origin");
  return origin.empty() || is_own_origin(told, origin, asked.headers.get("host"));
}

result<void> check_cookie_use(const settings& told, const http::request& asked) {
  const bool named = asked.headers.has("origin") || asked.headers.get("sec-fetch-site") == "same-origin";
  if (comes_from_own_page(told, asked) && (named || is_json(asked.headers.get("content-type")))) return {};
  return failure(error_reason::permission_denied,
                 "the refresh cookie is for this server's own pages; others send \"refresh_token\"");
}

}  // namespace sluice::door
