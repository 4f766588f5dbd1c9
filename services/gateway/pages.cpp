#include "gateway/pages.hpp"

#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

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

}  // namespace

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
