#include "http/http_parser.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <optional>

#include <boost/beast/http/basic_parser.hpp>

#include "base/storage.hpp"

namespace sluice::http {
namespace {

namespace beast = boost::beast::http;

// A body of a stated length gets its room at once up to here: what is only announced must not cost memory.
constexpr std::size_t body_reserve_max = std::size_t{256} * 1024;
// What a cleared request may keep for the next one.
constexpr std::size_t body_kept_max = std::size_t{64} * 1024;

constexpr std::string_view shortest_last_chunk = "0\r\n\r\n";

// A large body frees its storage, a small one keeps it for the next.
void release_body(request& asked) {
  if (asked.body.capacity() > body_kept_max) {
    free_storage(asked.body);
  } else {
    asked.body.clear();
  }
}

void clear(request& asked) {
  asked.method.clear();
  asked.target.clear();
  asked.path.clear();
  asked.query.clear();
  asked.headers.clear();
  release_body(asked);
  asked.request_id.clear();
  asked.route = {};
  asked.parameters.clear();
}

}  // namespace

// Beast's state machine writing straight into a `request`.
class request_parser::grammar final : public beast::basic_parser<true> {
 public:
  grammar(request& into, const parse_limits& limits) : asked_(into), limits_(limits) {
    header_limit(static_cast<std::uint32_t>(
        std::min<std::size_t>(limits.header_bytes_max, std::numeric_limits<std::uint32_t>::max())));
    body_limit(limits.body_bytes_max);
    eager(true);
  }

  request& asked() { return asked_; }

  std::string_view input;  // what is being parsed, to tell a folded value, which lies elsewhere
  unsigned status = 0;     // our own refusal
  std::string_view failure = {};
  bool expects_continue = false;
  bool begun = false;  // a byte of the request has come

 private:
  void refuse(unsigned with, std::string_view why, boost::system::error_code& code) {
    status = with;
    failure = why;
    code = beast::error::bad_value;
  }

  using text = boost::beast::string_view;

  void on_request_impl(beast::verb, text method, text target_text, int version,
                       boost::system::error_code& code) override {
    const std::string_view target = target_text;
    asked_.method = method;
    asked_.target = target;
    asked_.version = static_cast<unsigned>(version);
    header_bytes_ = method.size() + target.size();
    if (header_bytes_ > limits_.header_bytes_max) return refuse(431, "the request line is too long", code);
    const std::size_t question = target.find('?');
    if (question != std::string_view::npos) asked_.query = target.substr(question + 1);
    const std::string_view path = path_of_target(target);
    if (!percent_decode(path, asked_.path)) return refuse(400, "the path is not valid percent-encoded UTF-8", code);
    if (!path.starts_with('/') && !(path == "*" && method == "OPTIONS"))
      return refuse(400, "the request target is neither a path nor an absolute URL", code);
  }

  void on_field_impl(beast::field name, text name_text, text value_text, boost::system::error_code& code) override {
    const std::string_view value = value_text;
    header_bytes_ += name_text.size() + value.size() + 4;
    if (header_bytes_ > limits_.header_bytes_max) return refuse(431, "the header is too large", code);
    if (++fields_ > limits_.header_fields_max) return refuse(431, "the header has too many fields", code);
    // A trailer must not say what the header is believed for (RFC 9110, section 6.5.1).
    if (is_header_done()) return;
    if (is_folded(name_text, value)) return refuse(400, "folded header lines are not accepted", code);
    switch (name) {
      case beast::field::transfer_encoding:
        if (asked_.version < 11) return refuse(400, "HTTP/1.0 has no Transfer-Encoding", code);
        if (!equal_without_case(value, "chunked"))
          return refuse(501, "the only Transfer-Encoding understood is \"chunked\"", code);
        break;
      case beast::field::content_length:
        if (has_length_) return refuse(400, "more than one Content-Length", code);
        if (!std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; }))
          return refuse(400, "Content-Length is not a number", code);
        has_length_ = true;
        break;
      case beast::field::host:
        ++hosts_;
        break;
      case beast::field::expect:
        if (!equal_without_case(value, "100-continue")) return refuse(417, "unknown expectation", code);
        expects_continue = asked_.version >= 11;
        break;
      default:
        break;
    }
    asked_.headers.add(name_text, value);
  }

  // A value of several lines was put together elsewhere, or begins behind a line's end.
  bool is_folded(std::string_view name, std::string_view value) const {
    if (value.empty()) return false;
    const std::less<> before;
    if (before(value.data(), input.data()) || !before(value.data(), input.data() + input.size())) return true;
    const char* const name_end = name.data() + name.size();
    return std::find(name_end, value.data(), '\n') != value.data();
  }

  void on_header_impl(boost::system::error_code& code) override {
    if (hosts_ > 1 || (hosts_ == 0 && asked_.version >= 11))
      return refuse(400, "a request has exactly one Host field", code);
    // Trailers have the same bounds, of their own.
    header_bytes_ = 0;
    fields_ = 0;
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>&, boost::system::error_code&) override {}
  std::size_t on_body_impl(text body, boost::system::error_code&) override {
    asked_.body.append(body.data(), body.size());
    return body.size();
  }
  std::size_t on_chunk_body_impl(std::uint64_t, text body, boost::system::error_code&) override {
    asked_.body.append(body.data(), body.size());
    return body.size();
  }
  void on_response_impl(int, text, int, boost::system::error_code&) override {}
  // Beast lets a quoted value of an extension hold a line's end, which another server may read as one. RFC 9112,
  // section 7.1.1 has no control characters there.
  void on_chunk_header_impl(std::uint64_t, text extensions, boost::system::error_code& code) override {
    const auto is_control = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; };
    if (std::ranges::any_of(extensions, is_control)) refuse(400, "a chunk's extension has a control character", code);
  }
  void on_finish_impl(boost::system::error_code&) override {}

  request& asked_;
  const parse_limits& limits_;
  std::size_t header_bytes_ = 0;
  std::size_t fields_ = 0;
  unsigned hosts_ = 0;
  bool has_length_ = false;
};

request_parser::request_parser(const parse_limits& limits) : limits_(limits) {}
request_parser::~request_parser() = default;

void request_parser::begin(request& into) {
  clear(into);
  status_ = 0;
  failure_ = {};
  grammar_ = std::make_unique<grammar>(into, limits_);
}

std::size_t request_parser::feed(std::string_view bytes) {
  // Beast 1.83 asserts that it is not asked to go on with less than the shortest last chunk. At least as much is still
  // to come wherever a chunked body is broken off, so to wait for it holds nothing up.
  if (grammar_->is_header_done() && grammar_->chunked() && bytes.size() < shortest_last_chunk.size()) return 0;
  std::size_t skipped = 0;
  if (!grammar_->begun) {
    // Empty lines before a request are skipped (RFC 9112, section 2.2): some clients end their bodies with one.
    for (; bytes.starts_with("\r\n"); bytes.remove_prefix(2))
      skipped += 2;
    if (bytes.empty() || bytes == "\r") return skipped;
    grammar_->begun = true;
  }
  boost::system::error_code code;
  grammar_->input = bytes;
  const std::size_t used = grammar_->put(boost::asio::buffer(bytes), code);
  if (grammar_->status != 0) {
    fail(grammar_->status, grammar_->failure);
  } else if (code == beast::error::header_limit) {
    fail(431, "the header is too large");
  } else if (code == beast::error::body_limit) {
    fail(413, "the body is too large");
  } else if (code == beast::error::bad_version) {
    fail(505, "the request line does not end in HTTP/1.1 or HTTP/1.0");
  } else if (code && code != beast::error::need_more) {
    fail(400, "this is not a valid HTTP/1.1 request");
  } else if (!grammar_->is_done() && bytes.size() - used > limits_.header_bytes_max) {
    fail(431, grammar_->is_header_done() ? "the chunk's header or trailer is too large" : "the header is too large");
  }
  return skipped + used;
}

void request_parser::reserve_body() {
  grammar_->asked().body.reserve(std::min<std::uint64_t>(grammar_->content_length().value_or(0), body_reserve_max));
}

void request_parser::release_body() {
  http::release_body(grammar_->asked());
}

std::uint64_t request_parser::stated_body_bytes() const {
  return grammar_->content_length().value_or(0);
}

bool request_parser::header_done() const {
  return grammar_->is_header_done();
}

bool request_parser::done() const {
  return grammar_->is_done();
}

bool request_parser::keep_alive() const {
  return grammar_->keep_alive();
}

bool request_parser::expects_continue() const {
  return grammar_->expects_continue;
}

void request_parser::fail(unsigned status, std::string_view why) {
  status_ = status;
  failure_ = why;
}

}  // namespace sluice::http
