// Exchanges over real sockets on loopback.
#include "http/certificate_testing.hpp"
#include "http/server_testing.hpp"

namespace sluice::http {
namespace {

using namespace testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view get_hello = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(server_test, answers_and_keeps_the_connection) {
  serve({hello_route()});
  raw_client client = connect();
  for (int i = 0; i < 3; ++i) {
    const std::string answer = client.ask(get_hello);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 5\r\n"));
    EXPECT_THAT(answer, HasSubstr("\r\nDate: "));
    EXPECT_THAT(answer, HasSubstr("\r\nX-Request-Id: req_"));
    EXPECT_THAT(answer, Not(HasSubstr("Connection:")));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nhello"));
  }
  EXPECT_EQ(http->counters().connections_accepted, 1U);
  EXPECT_EQ(http->counters().requests, 3U);
}

TEST_F(server_test, keeps_a_request_id_that_is_sane) {
  serve({hello_route()});
  raw_client client = connect();
  EXPECT_THAT(client.ask("GET /hello HTTP/1.1\r\nHost: x\r\nX-Request-Id: my.id-1_x\r\n\r\n"),
              HasSubstr("\r\nX-Request-Id: my.id-1_x\r\n"));
  EXPECT_THAT(client.ask("GET /hello HTTP/1.1\r\nHost: x\r\nX-Request-Id: a b\r\n\r\n"),
              HasSubstr("\r\nX-Request-Id: req_"));
}

TEST_F(server_test, answers_pipelined_requests_in_order) {
  serve({hello_route(), echo_route()});
  raw_client client = connect();
  client.send(std::string(get_hello) + "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc" +
              std::string(get_hello));
  EXPECT_THAT(client.read_answer(), EndsWith("hello"));
  EXPECT_THAT(client.read_answer(), EndsWith("abc"));
  EXPECT_THAT(client.read_answer(), EndsWith("hello"));
}

TEST_F(server_test, closes_where_the_client_does_not_keep_the_connection) {
  serve({hello_route()});
  raw_client closing = connect();
  closing.send("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answer = closing.read_to_end();
  EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("hello"));
  raw_client old = connect();
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.read_to_end(), HasSubstr("\r\nConnection: close\r\n"));
  raw_client old_but_kept = connect();
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(old_but_kept.ask("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                HasSubstr("\r\nConnection: keep-alive\r\n"));
  }
}

TEST_F(server_test, reads_chunked_bodies_and_says_to_go_on) {
  serve({echo_route()});
  raw_client client = connect();
  client.send("POST /echo?a=b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  const std::string answer = client.ask("3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("X-Query: a=b\r\n"));
  EXPECT_THAT(answer, EndsWith("\r\n\r\nabcdefg"));
}

TEST_F(server_test, a_large_body_comes_back_whole) {
  serve({echo_route()});
  std::string body(5'000'000, 'x');
  for (std::size_t i = 0; i < body.size(); i += 1000)
    body[i] = static_cast<char>('a' + i / 1000 % 26);
  raw_client client = connect();
  const std::string head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n";
  const std::string answer = client.ask(head + body);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n" + body));
}

TEST_F(server_test, says_what_is_not_there_and_what_is_allowed) {
  serve({hello_route(), echo_route()});
  raw_client client = connect();
  const std::string missing = client.ask("GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: abc\r\n\r\n");
  EXPECT_THAT(missing, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(missing, EndsWith(R"({"error":{"code":404,"type":"not_found","message":"there is nothing at /nowhere",)"
                                R"("param":null,"request_id":"abc"}})"));
  const std::string wrong = client.ask("DELETE /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(wrong, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(wrong, HasSubstr("\r\nAllow: GET, HEAD, OPTIONS\r\n"));
  const std::string options = client.ask("OPTIONS /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(options, StartsWith("HTTP/1.1 204 No Content\r\n"));
  EXPECT_THAT(options, HasSubstr("\r\nAllow: POST, OPTIONS\r\n"));
  EXPECT_THAT(options, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(client.ask(get_hello), EndsWith("hello"));
}

TEST_F(server_test, head_is_get_without_its_body) {
  serve({hello_route()});
  raw_client client = connect();
  client.send("HEAD /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answer = client.read_until("\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 5\r\n"));
  EXPECT_THAT(client.ask(get_hello), StartsWith("HTTP/1.1 200 OK\r\n"));
}

task<> stream_three(exchange& call) {
  call.start_stream(200, {{"Content-Type", "text/event-stream"}});
  co_await call.write("one");
  std::vector<asio::const_buffer> many;
  for (int i = 0; i < 100; ++i)
    many.emplace_back("xy", 2);
  co_await call.write(many);
  co_await call.write("");
  co_await call.finish();
}
TEST_F(server_test, streams_in_chunks_and_to_the_end_for_old_clients) {
  serve({{"GET", "/stream", stream_three}});
  raw_client client = connect();
  for (int i = 0; i < 2; ++i) {
    client.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
    const std::string chunks = client.read_until("\r\n0\r\n\r\n");
    EXPECT_THAT(chunks, StartsWith("3\r\none\r\n78\r\nxyxy"));
    EXPECT_THAT(chunks, HasSubstr("\r\n50\r\nxy"));
  }
  client.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  client.read_until("\r\n\r\n");
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  const std::string all = client.read_to_end();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("chunked")));
  EXPECT_THAT(all, HasSubstr("\r\n\r\nonexyxy"));
}

task<> leave_open(exchange& call) {
  call.start_stream(200, {});
  co_await call.write("half");
}
task<> say_nothing(exchange&) {
  co_return;
}
task<> throw_up(exchange&) {
  throw std::runtime_error("broken");
  co_return;
}
TEST_F(server_test, a_handler_that_fails_is_answered_for_and_harms_nobody) {
  serve({{"GET", "/throws", throw_up}, {"GET", "/silent", say_nothing}, {"GET", "/half", leave_open}, hello_route()});
  raw_client client = connect();
  const std::string thrown = client.ask("GET /throws HTTP/1.1\r\nHost: x\r\nX-Request-Id: r1\r\n\r\n");
  EXPECT_THAT(thrown, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
  EXPECT_THAT(thrown, HasSubstr(R"("request_id":"r1")"));
  EXPECT_THAT(thrown, Not(HasSubstr("broken")));
  EXPECT_EQ(log.failures, std::vector<std::string>{"/throws"});
  EXPECT_THAT(client.ask("GET /silent HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(client.ask(get_hello), EndsWith("hello"));
  client.send("GET /half HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), EndsWith("4\r\nhalf\r\n"));
  EXPECT_FALSE(log.wait_for(3).complete);
}

TEST_F(server_test, tells_what_it_has_answered) {
  serve({{"GET", "/items/{id}", say_hello}});
  raw_client client = connect();
  client.ask("GET /items/7?a=1 HTTP/1.1\r\nHost: x\r\nX-Request-Id: r\r\n\r\n");
  const heard::finished one = log.wait_for(0);
  EXPECT_EQ(one.target, "/items/7?a=1");
  EXPECT_EQ(one.route, "/items/{id}");
  EXPECT_EQ(one.request_id, "r");
  EXPECT_EQ(one.status, 200U);
  EXPECT_EQ(one.bytes, 5U);
  EXPECT_TRUE(one.complete);
}

TEST_F(server_test, speaks_tls) {
  test_certificate certificate("IP:127.0.0.1");
  server_settings settings;
  settings.tls = tls_context::make_server(certificate.certificate_file(), certificate.key_file()).value();
  serve({hello_route(), echo_route(), {"GET", "/stream", stream_three}}, std::move(settings));
  raw_client client = connect();
  ASSERT_TRUE(client.connected());
  EXPECT_THAT(client.ask(get_hello), EndsWith("hello"));
  const std::string body(1'000'000, 'y');
  const std::string answer = client.ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + body);
  EXPECT_TRUE(answer.ends_with(body));
  client.send(std::string(get_hello) + std::string(get_hello));
  EXPECT_THAT(client.read_answer(), EndsWith("hello"));
  EXPECT_THAT(client.read_answer(), EndsWith("hello"));
  raw_client plain(http->local_endpoint());
  plain.send(get_hello);
  EXPECT_THAT(plain.read_to_end(), Not(HasSubstr("hello")));
}

TEST_F(server_test, serves_ipv6) {
  serve({hello_route()}, {.listen = {asio::ip::address_v6::loopback(), 0}});
  EXPECT_THAT(connect().ask(get_hello), EndsWith("hello"));
}

TEST(parse_listen_address, takes_addresses_and_says_what_is_wrong) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:80")->port(), 80);
  EXPECT_EQ(parse_listen_address(":8080")->address(), asio::ip::address_v4::any());
  EXPECT_EQ(parse_listen_address("localhost:0")->address(), asio::ip::address_v4::loopback());
  EXPECT_EQ(parse_listen_address("[::1]:1")->address(), asio::ip::address_v6::loopback());
  for (const char* wrong : {"", "8080", "::1:80", "[127.0.0.1]:80", "host:80", "127.0.0.1:", "127.0.0.1:65536"})
    EXPECT_FALSE(parse_listen_address(wrong)) << wrong;
}

}  // namespace
}  // namespace sluice::http
