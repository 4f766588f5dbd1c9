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

// What programs ask for: there an error is JSON, whoever asks.
constexpr std::array<std::string_view, 4> program_folders{"/v1/", "/v1beta/", "/admin/api/", "/assets/"};

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

std::optional<http::response> missing_page(const http::request& asked) {
  const auto is_below = [&asked](std::string_view folder) { return asked.path.starts_with(folder); };
  const bool is_for_people = asked.route.empty() && (asked.method == "GET" || asked.method == "HEAD") &&
                             std::ranges::none_of(program_folders, is_below) &&
                             // Accept is a list of the same form as Accept-Encoding (RFC 9110, section 12.5).
                             door::accepts_coding(asked.headers.joined("accept"), "text/html");
  const door::web_file* const index = is_for_people ? door::find_file("/index.html") : nullptr;
  if (index == nullptr) return std::nullopt;
  http::request anew;  // nobody has this page already
  anew.headers.set("accept-encoding", asked.headers.joined("accept-encoding"));
  http::response page = door::serve_file(*index, anew);
  page.status = 404;
  return page;
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
