// Whom the server takes the client for, and what it adds to every answer.
#include "http/server_testing.hpp"

namespace sluice::http {
namespace {

using namespace testing;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view get_client = "GET /client HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n";

task<> tell_client(exchange& call) {
  call.answer_headers().add("X-Added", "yes");
  co_await call.respond(make_response(200, "text/plain", call.request().client_address.to_string()));
}
task<> take_for_client(exchange& call) {
  co_await call.respond(make_response(call.count_client() ? 200 : 429, "text/plain", ""));
  call.take_socket();
}

std::vector<route> routes() {
  return {{"GET", "/client", tell_client}};
}
std::vector<address_range> this_machine() {
  return {address_range::parse("127.0.0.0/8").value()};
}

TEST_F(server_test, believes_only_trusted_proxies) {
  serve(routes());
  EXPECT_THAT(connect().ask(get_client), EndsWith("\r\n\r\n127.0.0.1"));
}

TEST_F(server_test, knows_the_client_behind_a_trusted_proxy) {
  serve(routes(), {.trusted_proxies = this_machine()});
  EXPECT_THAT(connect().ask(get_client), EndsWith("\r\n\r\n203.0.113.9"));
}

TEST_F(server_test, takes_a_trusted_proxy_at_its_first_words) {
  serve(routes(), {.limits = {.connections_per_address_max = 1}, .trusted_proxies = this_machine()});
  constexpr std::string_view plain = "GET /client HTTP/1.1\r\nHost: x\r\n\r\n";
  raw_client first = connect();
  first.send("PROXY TCP4 203.0.113.9 10.0.0.1 4096 443\r\n");
  EXPECT_THAT(first.ask(plain), EndsWith("\r\n\r\n203.0.113.9"));
  EXPECT_THAT(first.ask(plain), EndsWith("\r\n\r\n203.0.113.9"));
  // What a client behind it writes is not believed any more, and its address is capped.
  EXPECT_THAT(first.ask("GET /client HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n"),
              EndsWith("\r\n\r\n203.0.113.9"));
  raw_client second = connect();
  second.send("PROXY TCP4 203.0.113.9 10.0.0.1 4097 443\r\n");
  EXPECT_EQ(second.read_to_end(), "");
  raw_client broken = connect();
  broken.send("PROXY TCP4 nonsense\r\n");
  EXPECT_EQ(broken.read_to_end(), "");
}

TEST_F(server_test, takes_nobody_else_for_a_proxy) {
  serve(routes());
  raw_client client = connect();
  client.send("PROXY TCP4 203.0.113.9 10.0.0.1 4096 443\r\n" + std::string(get_client));
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 505 "));
}

TEST_F(server_test, does_not_cap_connections_of_a_trusted_proxy) {
  serve(routes(), {.limits = {.connections_per_address_max = 1}, .trusted_proxies = this_machine()});
  raw_client first = connect();
  raw_client second = connect();
  EXPECT_THAT(first.ask(get_client), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(second.ask(get_client), StartsWith("HTTP/1.1 200 "));
}

TEST(connection_quota, counts_clients_behind_a_proxy_once_they_are_known) {
  const auto quota = std::make_shared<connection_quota>(3, 1);
  const auto client = asio::ip::make_address("203.0.113.9");
  auto first = quota->admit_proxy();
  auto second = quota->admit_proxy();
  ASSERT_TRUE(first && second);
  EXPECT_TRUE(first->count_for(client));
  EXPECT_TRUE(first->count_for(client));
  EXPECT_FALSE(second->count_for(client));
  EXPECT_TRUE(second->count_for(asio::ip::make_address("203.0.113.10")));
  EXPECT_FALSE(quota->admit(client));
  *first = connection_place();
  EXPECT_TRUE(quota->admit(client));
  EXPECT_EQ(quota->size(), 1U);
}

TEST_F(server_test, counts_taken_sockets_for_the_client) {
  serve({{"GET", "/client", take_for_client}},
        {.limits = {.connections_per_address_max = 1}, .trusted_proxies = this_machine()});
  EXPECT_THAT(connect().ask(get_client), StartsWith("HTTP/1.1 200 "));
}

TEST_F(server_test, adds_what_goes_with_every_answer_of_that_request) {
  serve(routes());
  raw_client client = connect();
  EXPECT_THAT(client.ask(get_client), HasSubstr("\r\nX-Added: yes\r\n"));
  EXPECT_THAT(client.ask("GET /other HTTP/1.1\r\nHost: x\r\n\r\n"), Not(HasSubstr("X-Added")));
}

TEST_F(server_test, lets_pages_of_listed_origins_read_every_answer) {
  serve(routes(), {.cors = {.origins = {"https://chat.example.org"}}});
  raw_client client = connect();
  for (const char* start : {"GET /client", "GET /nothing", "DELETE /client", "OPTIONS /client"}) {
    const std::string request = std::string(start) + " HTTP/1.1\r\nHost: x\r\nOrigin: https://chat.example.org\r\n\r\n";
    EXPECT_THAT(client.ask(request), HasSubstr("\r\nAccess-Control-Allow-Origin: https://chat.example.org\r\n"))
        << start;
  }
  client.send("NONSENSE\r\nOrigin: https://chat.example.org\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 400 "));
}

}  // namespace
}  // namespace sluice::http
