// A request means the same however it is cut, and no request has more than its bounds allow.
#include "http/http_parser.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "require.hpp"

namespace {

using sluice::fuzz::require;
using sluice::http::parse_limits;
using sluice::http::request;
using sluice::http::request_parser;

constexpr parse_limits limits{.header_bytes_max = 1024, .header_fields_max = 20, .body_bytes_max = 512};

struct outcome {
  bool done = false;
  std::size_t used = 0;
  request asked;
};

outcome read(std::string_view bytes, std::size_t read_bytes) {
  outcome seen;
  request_parser parser(limits);
  parser.begin(seen.asked);
  std::string kept;
  for (std::size_t at = 0; at < bytes.size() && !parser.done(); at += read_bytes) {
    kept += bytes.substr(at, read_bytes);
    // A block of its own, so that a sanitizer sees a step over its end.
    const std::string given(kept);
    const std::size_t used = parser.feed(given);
    require(used <= given.size(), "no more is used than was there");
    if (parser.failed()) {
      require(parser.status() >= 400 && !parser.failure().empty(), "a failure says what to answer");
      return {};
    }
    seen.used += used;
    kept.erase(0, used);
  }
  seen.done = parser.done();
  if (!seen.done) return {};
  require(seen.asked.headers.size() <= limits.header_fields_max, "the fields are bounded");
  require(seen.asked.body.size() <= limits.body_bytes_max, "the body is bounded");
  require(sluice::is_valid_utf8(seen.asked.path), "the path is text");
  return seen;
}

bool same(const outcome& left, const outcome& right) {
  if (left.done != right.done || left.used != right.used) return false;
  const request& a = left.asked;
  const request& b = right.asked;
  if (a.method != b.method || a.target != b.target || a.path != b.path || a.body != b.body) return false;
  if (a.headers.size() != b.headers.size()) return false;
  for (std::size_t i = 0; i < a.headers.size(); ++i) {
    if (a.headers[i].name != b.headers[i].name || a.headers[i].value != b.headers[i].value) return false;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 32;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(same(read(bytes, size), read(bytes, step)), "pieces and whole agree");
  return 0;
}
