#include "door/web_files.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::door {
namespace {

// Scripts, styles and connections of our own and nothing else; nobody frames us.
constexpr std::string_view app_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

constexpr std::string_view spaces = " \t";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(spaces);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(spaces) - begin + 1);
}

// Takes the first element off a comma-separated list.
std::string_view take_element(std::string_view& list, char separator) {
  const std::size_t end = list.find(separator);
  const std::string_view element = trim(list.substr(0, end));
  list = end == std::string_view::npos ? std::string_view() : list.substr(end + 1);
  return element;
}

bool has_weight_zero(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view parameter = take_element(parameters, ';');
    if (parameter.size() < 2 || (parameter[0] != 'q' && parameter[0] != 'Q') || parameter[1] != '=') continue;
    return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

// If-None-Match (RFC 9110, section 13.1.2): compared weakly.
bool has_etag(std::string_view list, std::string_view etag) {
  while (!list.empty()) {
    std::string_view element = take_element(list, ',');
    if (element == "*") return true;
    if (element.starts_with("W/")) element.remove_prefix(2);
    if (element == etag) return true;
  }
  return false;
}

task<> answer_file(const web_file& file, http::exchange& with) {
  co_await with.respond(serve_file(file, with.request()));
}

}  // namespace

const web_file* find_file(std::string_view path) {
  const auto place = std::ranges::find(web_files, path, &web_file::path);
  return place == web_files.end() ? nullptr : &*place;
}

bool accepts_coding(std::string_view accept_encoding, std::string_view coding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    std::string_view element = take_element(accept_encoding, ',');
    const std::string_view name = take_element(element, ';');
    if (http::equal_without_case(name, coding)) return !has_weight_zero(element);
    if (name == "*") any = !has_weight_zero(element);
  }
  return any;
}

http::response serve_file(const web_file& file, const http::request& asked) {
  struct form {
    std::string_view bytes;
    std::string_view coding;
    std::string_view mark;  // a packed form is another representation, so it has another ETag
  };
  const std::string accepted = asked.headers.joined("accept-encoding");
  form chosen{.bytes = file.plain, .coding = {}, .mark = {}};
  if (!file.brotli.empty() && accepts_coding(accepted, "br")) {
    chosen = {.bytes = file.brotli, .coding = "br", .mark = "-br"};
  } else if (!file.gzip.empty() && accepts_coding(accepted, "gzip")) {
    chosen = {.bytes = file.gzip, .coding = "gzip", .mark = "-gz"};
  }
  const std::string etag = fmt::format(R"("{}{}")", file.etag, chosen.mark);
  const bool known = has_etag(asked.headers.joined("if-none-match"), etag);
  http::response answer =
      known ? http::response{.status = 304} : http::make_response(200, file.type, std::string(chosen.bytes));
  if (!known && !chosen.coding.empty()) answer.headers.set("content-encoding", chosen.coding);
  answer.headers.set("etag", etag);
  answer.headers.set("vary", "accept-encoding");
  answer.headers.set("cache-control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  answer.headers.set("x-content-type-options", "nosniff");
  answer.headers.set("cross-origin-resource-policy", "same-origin");
  if (file.type.starts_with("text/html")) {
    answer.headers.set("content-security-policy", app_policy);
    answer.headers.set("cross-origin-opener-policy", "same-origin");
    answer.headers.set("referrer-policy", "same-origin");
    answer.headers.set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
  }
  return answer;
}

std::vector<http::route> file_routes() {
  std::vector<http::route> routes;
  for (const web_file& file : web_files) {
    if (file.path.ends_with(".html")) continue;
    routes.push_back(
        {"GET", std::string(file.path), [&file](http::exchange& with) { return answer_file(file, with); }});
  }
  return routes;
}

}  // namespace sluice::door
