// An event stream means the same however it is cut, and data has readable bytes behind it.
#include "http/sse_parser.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "require.hpp"

namespace {

using namespace sluice::http;
using sluice::fuzz::require;

constexpr std::size_t event_bytes_max = 200;
constexpr std::size_t padding = sse_parser::readable_padding;

struct outcome {
  std::vector<std::string> events;
  bool failed = false;
  bool partial = false;
  bool operator==(const outcome&) const = default;
};

outcome read(std::string_view bytes, std::size_t read_bytes) {
  sse_parser parser(event_bytes_max);
  outcome seen;
  std::string behind;
  for (std::size_t at = 0; at < bytes.size(); at += read_bytes) {
    const std::string_view piece = bytes.substr(at, read_bytes);
    std::vector<char> buffer(piece.begin(), piece.end());
    buffer.resize(piece.size() + padding);
    parser.feed({buffer.data(), piece.size()});
    while (const auto event = parser.next()) {
      require(event->data.size() <= event_bytes_max, "data keeps its bound");
      // A copy of them, so that a sanitizer sees whether they may be read.
      if (event->data.data() != nullptr) behind.assign(event->data.data() + event->data.size(), padding);
      seen.events.push_back(std::string(event->name).append("\n").append(event->id).append("\n").append(event->data));
    }
  }
  seen.failed = parser.failed();
  seen.partial = !seen.failed && parser.has_partial();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t read_bytes = 1 + data[0] % 32;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(read(bytes, read_bytes) == read(bytes, size), "pieces and whole agree");
  return 0;
}
