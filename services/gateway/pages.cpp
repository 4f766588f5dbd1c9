#include "gateway/pages.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "door/web_files.hpp"

namespace sluice::embedded {
extern const std::string_view demo_page;
}

namespace sluice::gateway {
namespace {

// The CSP source of an inline element: 'sha256-…' over what stands between its tags (CSP Level 3, section 8.3).
std::string hash_of_inline(std::string_view page, std::string_view open, std::string_view close) {
  const std::size_t begin = page.find(open) + open.size();
  const std::string_view inside = page.substr(begin, page.find(close, begin) - begin);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned bytes = 0;
  EVP_Digest(inside.data(), inside.size(), digest.data(), &bytes, EVP_sha256(), nullptr);
  std::array<unsigned char, 64> base64;
  const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(bytes));
  return fmt::format("'sha256-{}'",
                     std::string_view(reinterpret_cast<const char*>(base64.data()), static_cast<std::size_t>(length)));
}

// What the app's own router knows (web/src/router.tsx).
constexpr std::array<std::string_view, 4> app_paths{"/login", "/register", "/settings", "/c/{conversation_id}"};

task<> answer_app(http::exchange& with) {
  co_await with.respond(app_page(with.request()));
}

}  // namespace

http::response app_page(const http::request& asked) {
  if (const door::web_file* const index = door::find_file("/index.html")) return door::serve_file(*index, asked);
  http::response away = http::make_response(302, "text/plain; charset=utf-8", "the demo is at /demo\n");
  away.headers.set("location", "/demo");
  return away;
}

std::vector<http::route> page_routes() {
  std::vector<http::route> routes = door::file_routes();
  for (const std::string_view path : app_paths)
    routes.push_back({"GET", std::string(path), answer_app});
  return routes;
}

http::response demo_page() {
  static const std::string policy = fmt::format(
      "default-src 'none'; script-src {}; style-src {}; img-src data:; connect-src 'self' ws: wss:; "
      "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
      hash_of_inline(embedded::demo_page, "<script>", "</script>"),
      hash_of_inline(embedded::demo_page, "<style>", "</style>"));
  http::response page = http::make_response(200, "text/html; charset=utf-8", std::string(embedded::demo_page));
  page.headers.set("content-security-policy", policy);
  page.headers.set("x-content-type-options", "nosniff");
  page.headers.set("referrer-policy", "no-referrer");
  page.headers.set("cache-control", "no-cache");
  return page;
}

}  // namespace sluice::gateway
