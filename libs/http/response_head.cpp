#include "http/response_head.hpp"

#include <limits>
#include <string>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace sluice::http {

namespace beast = boost::beast;

namespace {

constexpr std::string_view version = "HTTP/1.";

}  // namespace

// One head, interim or not.
struct response_head::parser : beast::http::response_parser<beast::http::empty_body> {
  parser() {
    header_limit(std::numeric_limits<std::uint32_t>::max());
    body_limit(boost::none);
    // The head alone: no body is the parser's, whatever the fields say.
    skip(true);
  }
  bool begun = false;  ///< whether it has taken any of the head
};

response_head::response_head(std::size_t bytes_max, bool head_request)
    : parser_(std::make_unique<parser>()), bytes_left_(bytes_max), head_request_(head_request) {}
response_head::~response_head() = default;
response_head::response_head(response_head&&) noexcept = default;
response_head& response_head::operator=(response_head&&) noexcept = default;

result<std::size_t> response_head::feed(std::string_view bytes) {
  const auto too_large = [] { return failure(error_reason::bad_gateway, "the head of the response is too large"); };
  const auto not_http = [](const std::string& what) {
    return failure(error_reason::bad_gateway, "the response is not HTTP/1: " + what);
  };
  std::size_t used = 0;
  while (!done_) {
    // The parser would wait for a whole line: say at once that this is something else.
    if (!parser_->begun && !version.starts_with(bytes.substr(used, version.size())))
      return not_http("it begins otherwise");
    boost::system::error_code problem;
    const std::size_t read = parser_->put(boost::asio::buffer(bytes.substr(used)), problem);
    used += read;
    parser_->begun = parser_->begun || read != 0;
    if (read > bytes_left_) return too_large();
    bytes_left_ -= read;
    if (problem == beast::http::error::need_more) {
      if (bytes.size() - used > bytes_left_) return too_large();
      return used;
    }
    if (problem) return not_http(problem.message());
    if (!parser_->is_header_done()) continue;
    if (status() < 100) return not_http("its status is no number from 100 on");
    if (status() / 100 == 1 && status() != 101) {
      parser_ = std::make_unique<parser>();
      continue;
    }
    if (const auto fine = look_at_body(); !fine) return std::unexpected(fine.error());
    done_ = true;
  }
  return used;
}

result<void> response_head::look_at_body() {
  const auto& fields = parser_->get();
  keep_alive_ = fields.keep_alive();
  const bool bodiless = head_request_ || status() == 204 || status() == 304;
  if (status() == 101)
    return failure(error_reason::bad_gateway, "the response changes to another protocol, which was not asked for");
  const std::string_view coding = header("content-encoding");
  if (!coding.empty() && !beast::iequals(coding, "identity"))
    return failure(error_reason::bad_gateway, "the response is compressed, which was not asked for");
  if (fields.count(beast::http::field::transfer_encoding) != 0) {
    if (!beast::iequals(header("transfer-encoding"), "chunked"))
      return failure(error_reason::bad_gateway, "the response has a transfer coding that was not asked for");
    body_ = body_kind::chunked;
  } else if (const auto length = parser_->content_length()) {
    body_ = body_kind::content_length;
    content_length_ = *length;
  } else {
    body_ = body_kind::until_close;
  }
  if (bodiless) body_ = body_kind::none;
  if (body_ == body_kind::content_length && content_length_ == 0) body_ = body_kind::none;
  if (body_ == body_kind::until_close) keep_alive_ = false;
  return {};
}

unsigned response_head::status() const {
  return parser_->get().result_int();
}

std::string_view response_head::header(std::string_view name) const {
  const auto& fields = parser_->get();
  const auto at = fields.find(name);
  return at == fields.end() ? std::string_view() : std::string_view(at->value());
}

}  // namespace sluice::http
