// Replies of a Redis mean the same however they are cut, and keep their bounds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "require.hpp"
#include "state/redis_protocol.hpp"

namespace {

using namespace sluice::state;
using sluice::fuzz::require;

constexpr redis_reply_limits limits{.bytes_max = std::size_t{1} << 20, .elements_max = 50};

struct outcome {
  std::vector<std::string> replies;
  bool failed = false;
  bool operator==(const outcome&) const = default;
};

std::size_t count_elements(const redis_reply& of) {
  std::size_t sum = of.items.size();
  for (const redis_reply& each : of.items)
    sum += count_elements(each);
  return sum;
}

void write(const redis_reply& one, std::string& to) {
  to.append(std::to_string(static_cast<int>(one.is))).append(":");
  to.append(std::to_string(one.number)).append(":").append(one.text).append("(");
  for (const redis_reply& each : one.items)
    write(each, to);
  to.append(")");
}

outcome read(std::string_view bytes, std::size_t read_bytes) {
  redis_reply_parser parser(limits);
  outcome seen;
  for (std::size_t at = 0; at < bytes.size(); at += read_bytes) {
    parser.feed(bytes.substr(at, read_bytes));
    while (const auto reply = parser.next()) {
      require(count_elements(*reply) <= limits.elements_max, "a reply keeps its bound");
      require(reply->items.empty() || reply->is == redis_reply::kind::array, "only arrays have elements");
      write(*reply, seen.replies.emplace_back());
    }
  }
  seen.failed = parser.failed();
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > limits.bytes_max) return 0;
  const std::size_t read_bytes = 1 + data[0] % 32;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(read(bytes, read_bytes) == read(bytes, size), "pieces and whole agree");
  return 0;
}
