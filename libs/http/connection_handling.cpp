// A request that has come whole: its handler, what becomes of errors, and whether the client is still there.
#include <algorithm>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/ids.hpp"
#include "http/connection.hpp"
#include "http/forwarded.hpp"

namespace sluice::http {
namespace {

constexpr std::size_t request_id_characters_max = 64;

bool is_sane_id(std::string_view id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  return !id.empty() && id.size() <= request_id_characters_max && std::ranges::all_of(id, allowed);
}

bool is_cancellation(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const boost::system::system_error& problem) {
    return problem.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

}  // namespace

void connection::describe_client() {
  http::request& asked = space_->asked;
  asked.remote_address = peer_.address();
  asked.remote_port = peer_.port();
  const server_settings& settings = home_.what().settings;
  asked.is_tls = socket_.is_tls() || is_forwarded_over_tls(peer_.address(), asked.headers, settings.trusted_proxies);
  asked.client_address = find_client_address(peer_.address(), asked.headers, settings.trusted_proxies);
  space_->answer_headers.clear();
  append_cors(settings.cors, asked, space_->answer_headers);
  const std::string_view given = asked.headers.get("X-Request-Id");
  asked.request_id = is_sane_id(given) ? std::string(given) : make_id("req");
  asked.trace = {};
  space_->span = {};
  answer_ = answer_state::none;
  answer_bytes_ = 0;
}

void connection::begin_span() {
  if (const auto& begin = home_.what().hooks.begin_span) space_->span = begin(space_->asked);
  space_->asked.trace = space_->span.context();
}

task<> connection::handle() {
  http::request& asked = space_->asked;
  describe_client();
  home_.count_request();
  reusable_ = space_->parser.keep_alive();
  router::verdict verdict = home_.what().routes.match(asked);
  begin_span();
  std::exception_ptr thrown;
  if (verdict.handle != nullptr) {
    try {
      co_await (*verdict.handle)(*this);
    } catch (...) {
      thrown = std::current_exception();
    }
    on_gone_ = nullptr;
    watch_full_ = false;
    const bool stopped = thrown && is_cancellation(thrown);
    if (thrown && !stopped && home_.what().hooks.on_handler_failure)
      home_.what().hooks.on_handler_failure(asked, thrown);
    if (answer_ == answer_state::none && !stopped)
      co_await respond_error_as(
          500, {.reason = error_reason::internal, .message = "something went wrong here; the request id names it"}, {});
  } else if (verdict.status == 204) {
    co_await respond({.status = 204, .headers = {{"Allow", verdict.allow}}});
  } else {
    error problem{.reason = reason_of(verdict.status),
                  .message = verdict.status == 404 ? "there is nothing at " + asked.path
                                                   : asked.method + " is not allowed at " + asked.path};
    co_await respond_error_as(verdict.status, std::move(problem), std::move(verdict.allow));
  }
  // A stream without an end, or no answer at all: only closing the connection tells the client.
  if (answer_ != answer_state::complete && answer_ != answer_state::taken) reusable_ = false;
  report();
}

task<> connection::refuse_request(unsigned status, std::string_view why) {
  describe_client();
  reusable_ = false;
  co_await respond_error_as(status, {.reason = reason_of(status), .message = std::string(why)}, {});
  report();
}

task<error_code> connection::respond_error(error problem) {
  const unsigned status = status_of(problem.reason);
  co_return co_await respond_error_as(status, std::move(problem), {});
}

task<error_code> connection::respond_error_as(unsigned status, error problem, std::string allow) {
  const http::request& asked = space_->asked;
  const auto& make_error = home_.what().hooks.make_error;
  response answer = make_error ? make_error(asked, status, problem) : error_response(status, problem, asked.request_id);
  if (!allow.empty()) answer.headers.set("Allow", allow);
  co_return co_await respond(std::move(answer));
}

void connection::report() {
  if (const auto& on_finished = home_.what().hooks.on_finished)
    on_finished({.request = space_->asked,
                 .status = status_,
                 .response_bytes = answer_bytes_,
                 .duration = std::chrono::steady_clock::now() - began_,
                 .complete = answer_ == answer_state::complete || answer_ == answer_state::taken,
                 .span = space_->span});
  space_->span.end();
}

void connection::watch_peer(std::function<void()> on_gone) {
  on_gone_ = std::move(on_gone);
  if (watch_waits_) return;
  // With TLS, what came ahead may lie decrypted in the session, where no wait would find it: look before waiting.
  watch_waits_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] { self->look_at_peer({}); });
}

// Waits with a plain handler and not a coroutine: it runs beside the handler's.
void connection::arm_watch() {
  watch_waits_ = true;
  socket_.native().async_wait(asio::socket_base::wait_read,
                              [self = shared_from_this()](error_code code) { self->look_at_peer(code); });
}

void connection::look_at_peer(error_code code) {
  watch_waits_ = false;
  if (!on_gone_ || code == asio::error::operation_aborted || !socket_.is_open()) return;
  while (unread_.size() < home_.what().settings.limits.header_bytes_max) {
    const stream_socket::outcome got = socket_.try_read(home_.buffer().bytes());
    if (got.would_block) return arm_watch();
    if (got.error) return peer_is_gone();
    unread_.append(home_.buffer().bytes().data(), got.bytes);
  }
  watch_full_ = true;
}

void connection::peer_is_gone() {
  reusable_ = false;
  // The callback may end the exchange, or ask for another watch.
  const auto tell = std::exchange(on_gone_, nullptr);
  tell();
}

}  // namespace sluice::http
