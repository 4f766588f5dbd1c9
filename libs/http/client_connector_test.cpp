#include "http/client_connector.hpp"

#include "http/client_testing.hpp"

namespace sluice::http {
namespace {

using namespace std::chrono_literals;
using namespace testing;

class client_connector_test : public client_test {
 protected:
  client_connector make(const std::vector<const char*>& texts) {
    addresses all;
    for (const char* text : texts)
      all.push_back(asio::ip::make_address(text));
    return {loop.get_executor(), names, {}, tls_context::make_client().value(), {}, [all](const std::string&) {
              return result<addresses>(all);
            }};
  }
};

task<> expect_connection(client_connector& connector, origin to) {
  const auto socket = co_await connector.connect(to, 5s);
  EXPECT_TRUE(socket) << (socket ? "" : socket.error().message);
}
task<> expect_none(client_connector& connector, origin to) {
  expect_error(co_await connector.connect(to, 5s), error_reason::unavailable,
               "cannot connect to " + to.authority() + ": Connection refused");
}
task<> accept_one(scripted_peer& peer) {
  co_await peer.accept();
}
task<> accept_none() {
  co_return;
}

// The peer listens on 127.0.0.1 alone, so that the other addresses of this machine refuse.
TEST_F(client_connector_test, tries_one_address_after_the_other) {
  for (const auto& order : {std::vector{"127.0.0.1"}, std::vector{"127.0.0.2", "127.0.0.1"},
                            std::vector{"127.0.0.2", "127.0.0.3", "127.0.0.1", "127.0.0.4"}}) {
    client_connector connector = make(order);
    run(expect_connection(connector, peer.here("provider.test")), accept_one(peer));
  }
  client_connector connector = make({"127.0.0.2", "127.0.0.3"});
  run(expect_none(connector, peer.here("provider.test")), accept_none());
}

}  // namespace
}  // namespace sluice::http
