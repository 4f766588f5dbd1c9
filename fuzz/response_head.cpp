// The head of a response means the same however it is cut.
#include "http/response_head.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "require.hpp"

namespace {

using sluice::fuzz::require;
using sluice::http::response_head;

constexpr std::size_t head_bytes_max = 2048;

struct outcome {
  bool done = false;
  std::size_t used = 0;
  unsigned status = 0;
  std::string type;
  response_head::body_kind body = response_head::body_kind::none;
  std::uint64_t content_length = 0;
  bool keep_alive = false;
  bool operator==(const outcome&) const = default;
};

outcome read(std::string_view bytes, std::size_t read_bytes) {
  response_head head(head_bytes_max, false);
  outcome seen;
  std::string kept;
  for (std::size_t at = 0; at < bytes.size() && !head.done(); at += read_bytes) {
    kept += bytes.substr(at, read_bytes);
    // A block of its own, so that a sanitizer sees a step over its end.
    const std::string given(kept);
    const auto used = head.feed(given);
    if (!used) return {};
    require(*used <= given.size(), "no more is used than was there");
    seen.used += *used;
    kept.erase(0, *used);
  }
  if (!head.done()) return {};
  seen.done = true;
  seen.status = head.status();
  seen.type = head.header("content-type");
  seen.body = head.body();
  seen.content_length = head.content_length();
  seen.keep_alive = head.keep_alive();
  require(seen.status >= 200, "interim responses are skipped");
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 32;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const outcome whole = read(bytes, size);
  const outcome pieces = read(bytes, step);
  // What is no response is sometimes seen only at the end of a line: earlier or later makes no difference to the done.
  require(whole.done == pieces.done && (!whole.done || whole == pieces), "pieces and whole agree");
  return 0;
}
