#include "door/credentials.hpp"

#include <algorithm>
#include <cctype>

namespace sluice::door {

std::string_view find_credential(const http::request& asked) {
  constexpr std::string_view scheme = "bearer ";
  const std::string_view authorization = asked.headers.get("authorization");
  const bool is_bearer = authorization.size() > scheme.size() &&
                         std::ranges::equal(authorization.substr(0, scheme.size()), scheme, [](char a, char b) {
                           return std::tolower(static_cast<unsigned char>(a)) == b;
                         });
  if (!is_bearer) {
    const std::string_view key = asked.headers.get("x-api-key");
    return key.empty() ? asked.headers.get("x-goog-api-key") : key;
  }
  std::string_view token = authorization.substr(scheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

}  // namespace sluice::door
