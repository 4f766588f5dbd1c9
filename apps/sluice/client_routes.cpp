#include "app/client_routes.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "door/web_files.hpp"

namespace sluice::app {
namespace {

struct row {
  const char* method;
  const char* pattern;
};

constexpr row table[] = {
    // pages
    {"GET", "/"},
    {"GET", "/login"},
    {"GET", "/register"},
    {"GET", "/settings"},
    {"GET", "/c/{conversation_id}"},
    {"GET", "/demo"},
    {"GET", "/admin"},
    // chats
    {"GET", "/chat"},
    {"GET", "/v1/chat"},
    {"POST", "/v1/ws-tickets"},
    {"POST", "/v1/chat/completions"},
    {"POST", "/v1/embeddings"},
    {"POST", "/v1/messages"},
    {"POST", "/v1/messages/count_tokens"},
    {"POST", "/v1/models/{call}"},
    {"POST", "/v1/models/{provider}/{call}"},
    {"POST", "/v1beta/models/{call}"},
    {"POST", "/v1beta/models/{provider}/{call}"},
    {"GET", "/v1beta/models"},
    {"GET", "/v1beta/models/{model}"},
    {"GET", "/v1beta/models/{provider}/{model}"},
    {"GET", "/v1/models"},
    {"GET", "/v1/models/{model}"},
    {"GET", "/v1/models/{provider}/{model}"},
    // accounts
    {"POST", "/register"},
    {"POST", "/login"},
    {"POST", "/v1/auth/refresh"},
    {"POST", "/v1/auth/logout"},
    {"POST", "/v1/auth/logout-all"},
    {"GET", "/v1/me"},
    {"PUT", "/v1/me/password"},
    {"GET", "/v1/keys"},
    {"POST", "/v1/keys"},
    {"DELETE", "/v1/keys/{id}"},
    // what is stored
    {"GET", "/v1/conversations"},
    {"GET", "/v1/conversations/{id}"},
    {"PATCH", "/v1/conversations/{id}"},
    {"DELETE", "/v1/conversations/{id}"},
    {"GET", "/v1/conversations/{id}/export"},
    {"GET", "/v1/generations/{id}"},
    {"POST", "/v1/generations/{id}/cancel"},
    {"GET", "/v1/usage"},
    // the administration
    {"GET", "/admin/api/v1/users"},
    {"POST", "/admin/api/v1/users"},
    {"GET", "/admin/api/v1/users/{id}"},
    {"PATCH", "/admin/api/v1/users/{id}"},
    {"POST", "/admin/api/v1/users/{id}/password"},
    {"POST", "/admin/api/v1/users/{id}/logout"},
    {"GET", "/admin/api/v1/users/{id}/keys"},
    {"POST", "/admin/api/v1/users/{id}/keys"},
    {"DELETE", "/admin/api/v1/users/{id}/keys/{key_id}"},
    {"GET", "/admin/api/v1/usage"},
    {"GET", "/admin/api/v1/nodes"},
    {"GET", "/admin/api/v1/audit"},
};

std::vector<client_route> sorted(std::span<const http::route> routes) {
  std::vector<client_route> names;
  for (const http::route& one : routes)
    names.push_back({.method = one.method, .pattern = one.pattern});
  std::ranges::sort(names);
  return names;
}

}  // namespace

const std::vector<client_route>& client_routes() {
  static const std::vector<client_route> all = [] {
    std::vector<client_route> names = sorted(door::file_routes());
    for (const row& one : table)
      names.push_back({.method = one.method, .pattern = one.pattern});
    std::ranges::sort(names);
    return names;
  }();
  return all;
}

result<void> check_client_routes(std::span<const http::route> served) {
  std::vector<client_route> odd;
  std::ranges::set_symmetric_difference(client_routes(), sorted(served), std::back_inserter(odd));
  if (odd.empty()) return {};
  return failure(error_reason::internal,
                 fmt::format("client_routes.cpp does not have exactly what is served: see {} {}", odd.front().method,
                             odd.front().pattern));
}

}  // namespace sluice::app
