#include "http/body_unpacker.hpp"

#include <algorithm>
#include <stdexcept>

#include <zlib.h>

#include "http/header_fields.hpp"

namespace sluice::http {
namespace {

constexpr std::size_t slice_bytes = std::size_t{256} * 1024;
// gzip or zlib's own format, whichever it begins with: "deflate" is the latter (RFC 9110, section 8.4.1.2).
constexpr int either_format = 15 + 32;

}  // namespace

struct body_unpacker::stream {
  z_stream inner{};
  stream() {
    if (inflateInit2(&inner, either_format) != Z_OK) throw std::runtime_error("zlib cannot begin");
  }
  stream(const stream&) = delete;
  stream& operator=(const stream&) = delete;
  ~stream() { inflateEnd(&inner); }
};

body_unpacker::body_unpacker(std::string_view packed, std::size_t bytes_max)
    : stream_(std::make_unique<stream>()), bytes_max_(bytes_max) {
  // zlib does not write there.
  stream_->inner.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream_->inner.avail_in = static_cast<uInt>(packed.size());
}

body_unpacker::body_unpacker(body_unpacker&&) noexcept = default;
body_unpacker::~body_unpacker() = default;

bool body_unpacker::knows(std::string_view coding) {
  constexpr std::string_view known[] = {"gzip", "x-gzip", "deflate"};
  return std::ranges::any_of(known, [coding](std::string_view name) { return equal_without_case(coding, name); });
}

body_unpacker::progress body_unpacker::step() {
  z_stream& inner = stream_->inner;
  const std::size_t before = body_.size();
  // One byte more than it may have tells whether it is too large.
  const std::size_t room = std::min(slice_bytes, bytes_max_ + 1 - before);
  body_.resize(before + room);
  inner.next_out = reinterpret_cast<Bytef*>(body_.data() + before);
  inner.avail_out = static_cast<uInt>(room);
  const int code = inflate(&inner, Z_NO_FLUSH);
  body_.resize(before + room - inner.avail_out);
  if (body_.size() > bytes_max_) return progress::too_large;
  if (code == Z_STREAM_END) return inner.avail_in == 0 ? progress::done : progress::broken;
  const bool goes_on = code == Z_OK && (inner.avail_in != 0 || inner.avail_out == 0);
  return goes_on ? progress::more : progress::broken;
}

}  // namespace sluice::http
