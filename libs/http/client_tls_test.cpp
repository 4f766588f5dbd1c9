// The client on its way through TLS and proxies.
#include "http/certificate_testing.hpp"
#include "http/client.hpp"
#include "http/client_testing.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;

// Reads up to the end of a request, whose body is "{}", or to the end of everything.
task<std::string> hear_tls(stream_socket& socket) {
  std::string text;
  std::array<char, 1024> bytes;
  while (!text.ends_with("\r\n\r\n{}")) {
    const auto got = socket.try_read(bytes);
    if (got.error) break;
    text.append(bytes.data(), got.bytes);
    if (!got.would_block) continue;
    if (co_await socket.wait_readable()) break;
  }
  co_return text;
}

class client_tls_test : public client_test {
 protected:
  client make_trusting_client(const client_settings& settings = {}) {
    return {loop.get_executor(), names, tls_context::make_client(certificate.certificate_file()).value(), settings};
  }
  client_settings through_proxy(const std::string& user = {}) {
    const std::string url = "http://" + user + peer.here().authority();
    return {.proxies = proxy_rules::parse({.https = url, .http = url}).value()};
  }

  test_certificate certificate{"DNS:provider.test,IP:127.0.0.1"};
  tls_context server = tls_context::make_server(certificate.certificate_file(), certificate.key_file()).value();
};

task<> answer_tls(stream_socket& socket, const tls_context& server, std::string_view text, int times) {
  const auto fine = co_await socket.handshake_as_server(server);
  EXPECT_TRUE(fine) << (fine ? "" : fine.error());
  if (!fine) co_return;
  for (int i = 0; i < times; ++i) {
    co_await hear_tls(socket);
    EXPECT_FALSE(co_await socket.write_all(text));
  }
}
task<> answer_on_tls(scripted_peer& peer, const tls_context& server, std::string text, int times, bool proper_end) {
  stream_socket socket(co_await peer.accept());
  co_await answer_tls(socket, server, text, times);
  if (proper_end) socket.shutdown();
}
task<> refuse_on_tls(scripted_peer& peer, const tls_context& server) {
  stream_socket socket(co_await peer.accept());
  if (co_await socket.handshake_as_server(server)) co_await hear_tls(socket);
}

task<> ask_twice(client& http, origin to) {
  expect_body(co_await ask(http, to), "ok");
  expect_body(co_await ask(http, to), "ok");
}
TEST_F(client_tls_test, a_verified_connection_is_kept) {
  client http = make_trusting_client();
  run(ask_twice(http, peer.here("127.0.0.1", true)), answer_on_tls(peer, server, std::string(ok), 2, true));
}

TEST_F(client_tls_test, bodies_of_many_records) {
  client http = make_trusting_client();
  const std::string body(200'000, 'x');
  run(expect_answer(http, peer.here("127.0.0.1", true), body),
      answer_on_tls(peer, server,
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n30D40\r\n" + body + "\r\n0\r\n\r\n", 1,
                    true));
}

TEST_F(client_tls_test, an_end_without_a_farewell_is_a_cut) {
  client http = make_trusting_client();
  const std::string text = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
  run(expect_answer(http, peer.here("127.0.0.1", true), "until the end"), answer_on_tls(peer, server, text, 1, true));
  run(expect_failure(http, peer.here("127.0.0.1", true), error_reason::bad_gateway, "in the middle"),
      answer_on_tls(peer, server, text, 1, false));
}

TEST_F(client_tls_test, an_unknown_authority_is_refused) {
  client http = make_client();
  run(expect_failure(http, peer.here("127.0.0.1", true), error_reason::bad_gateway, "certificate verify failed"),
      refuse_on_tls(peer, server));
}
TEST_F(client_tls_test, a_certificate_for_somebody_else_is_refused) {
  const test_certificate other("DNS:somebody.else");
  client http(loop.get_executor(), names, tls_context::make_client(other.certificate_file()).value());
  const tls_context somebody = tls_context::make_server(other.certificate_file(), other.key_file()).value();
  run(expect_failure(http, peer.here("127.0.0.1", true), error_reason::bad_gateway, "mismatch"),
      refuse_on_tls(peer, somebody));
}
TEST_F(client_tls_test, a_peer_that_speaks_no_tls_is_bad_gateway) {
  struct plain {
    static task<> speak(scripted_peer& peer) {
      tcp_socket socket = co_await peer.accept();
      co_await say(socket, ok);
      co_await hear_end(socket);
    }
  };
  client http = make_trusting_client();
  run(expect_failure(http, peer.here("127.0.0.1", true), error_reason::bad_gateway, "no TLS connection to 127.0.0.1:"),
      plain::speak(peer));
}

task<> only_listen(scripted_peer& peer) {
  tcp_socket socket = co_await peer.accept();
  co_await hear_end(socket);
}
TEST_F(client_tls_test, connecting_has_a_deadline_over_all_its_steps) {
  client straight = make_trusting_client();
  run(expect_failure(straight, peer.here("127.0.0.1", true), error_reason::timed_out, "within 20ms (connect deadline)",
                     {.connect = 20ms}),
      only_listen(peer));
  client http = make_trusting_client(through_proxy());
  run(expect_failure(http, {.tls = true, .host = "provider.test", .port = 443}, error_reason::timed_out,
                     "no connection to provider.test:443 within 20ms", {.connect = 20ms}),
      only_listen(peer));
}

task<> tunnel(scripted_peer& peer, const tls_context& server, std::string expected) {
  tcp_socket socket = co_await peer.accept();
  EXPECT_EQ(co_await hear(socket), expected);
  co_await say(socket, "HTTP/1.1 200 Connection established\r\n\r\n");
  stream_socket inner(std::move(socket));
  co_await answer_tls(inner, server, ok, 2);
}
TEST_F(client_tls_test, https_goes_through_a_tunnel) {
  client http = make_trusting_client(through_proxy("user:secret@"));
  run(ask_twice(http, {.tls = true, .host = "provider.test", .port = 443}),
      tunnel(peer, server,
             "CONNECT provider.test:443 HTTP/1.1\r\nHost: provider.test:443\r\n"
             "Proxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n\r\n"));
}

task<> answer_connect(scripted_peer& peer, std::string text) {
  tcp_socket socket = co_await peer.accept();
  co_await hear(socket);
  co_await say(socket, text);
}
TEST_F(client_tls_test, a_proxy_that_refuses_is_named) {
  client http = make_trusting_client(through_proxy("user:secret@"));
  const origin to{.tls = true, .host = "provider.test", .port = 443};
  const std::string who = "the proxy " + peer.here().authority();
  run(expect_failure(http, to, error_reason::bad_gateway,
                     who + " refused a tunnel to provider.test:443 with status 407"),
      answer_connect(peer, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"));
  run(expect_failure(http, to, error_reason::bad_gateway, who + ": the response is not HTTP"),
      answer_connect(peer, "what?"));
  run(expect_failure(http, to, error_reason::bad_gateway, who + " broke the connection off"), answer_connect(peer, ""));
  run(expect_failure(http, to, error_reason::bad_gateway, who + " sent bytes behind its answer"),
      answer_connect(peer, "HTTP/1.1 200 OK\r\n\r\nbytes"));
}

task<> answer_as_proxy(scripted_peer& peer) {
  tcp_socket socket = co_await peer.accept();
  EXPECT_EQ(co_await hear(socket),
            "POST http://provider.test:8000/v1/chat HTTP/1.1\r\nHost: provider.test:8000\r\n"
            "Accept-Encoding: identity\r\nProxy-Authorization: Basic dXNlcjpzZWNyZXQ=\r\n"
            "Content-Length: 2\r\n\r\n{}");
  co_await say(socket, ok);
}
TEST_F(client_tls_test, http_is_asked_of_the_proxy_itself) {
  client http = make_trusting_client(through_proxy("user:secret@"));
  run(expect_answer(http, {.tls = false, .host = "provider.test", .port = 8000}, "ok"), answer_as_proxy(peer));
}

}  // namespace
}  // namespace sluice::http
