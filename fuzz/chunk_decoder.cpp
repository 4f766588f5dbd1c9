// A chunked body means the same however it is cut, and what is encoded comes back.
#include "http/chunk_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "require.hpp"

namespace {

using sluice::fuzz::require;
using sluice::http::chunk_decoder;

struct outcome {
  std::string payload;
  std::size_t consumed = 0;
  bool finished = false;
  bool failed = false;
  bool operator==(const outcome&) const = default;
};

outcome read(std::string_view bytes, std::size_t read_bytes) {
  chunk_decoder decoder;
  outcome seen;
  for (std::size_t at = 0; at < bytes.size() && !decoder.finished() && !decoder.failed(); at += read_bytes) {
    const std::string_view piece = bytes.substr(at, read_bytes);
    std::vector<char> buffer(piece.begin(), piece.end());
    const auto [payload, consumed] = decoder.decode(buffer);
    require(consumed <= piece.size(), "no more is used than was there");
    require(consumed == piece.size() || decoder.finished() || decoder.failed(), "all is used before the end");
    seen.payload += payload;
    seen.consumed += consumed;
  }
  seen.finished = decoder.finished();
  seen.failed = decoder.failed();
  require(!seen.finished || !seen.failed, "an end is no failure");
  return seen;
}

std::string encode(std::string_view payload, std::size_t chunk_bytes) {
  std::string coded;
  for (std::size_t at = 0; at < payload.size(); at += chunk_bytes) {
    const std::string_view chunk = payload.substr(at, chunk_bytes);
    char size[16];
    std::snprintf(size, sizeof(size), "%zx\r\n", chunk.size());
    coded.append(size).append(chunk).append("\r\n");
  }
  return coded + "0\r\n\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 32;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(read(bytes, step) == read(bytes, size), "pieces and whole agree");
  const outcome back = read(encode(bytes, 1 + data[0] / 32), step);
  require(back.finished && back.payload == bytes, "what is encoded comes back");
  return 0;
}
