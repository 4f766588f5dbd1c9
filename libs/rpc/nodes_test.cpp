// Several nodes of one service, and nodes that come and go.
#include <set>

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include "rpc/rpc_testing.hpp"

namespace sluice::rpc::testing {
namespace {

class nodes_test : public rpc_fixture {
 protected:
  std::unique_ptr<node> start(const std::string& name, const std::string& listen = "127.0.0.1:0") {
    auto told = local();
    told.listen = listen;
    auto made = std::make_unique<node>(workers, told, log, name);
    EXPECT_TRUE(made->server.start());
    return made;
  }
  std::string who_answers() {
    const auto answer = say("", "who is it?");
    return answer ? answer->node() : error_name(answer.error());
  }
  // All that answer within some calls; calls go on until `wanted` have, or patience ends.
  bool all_answer(const std::set<std::string>& wanted) {
    std::set<std::string> seen;
    const auto until = std::chrono::steady_clock::now() + patience;
    while (seen != wanted && std::chrono::steady_clock::now() < until)
      seen.insert(who_answers());
    return seen == wanted;
  }
};

TEST_F(nodes_test, calls_go_to_all_in_turn) {
  const auto first = start("first");
  const auto second = start("second");
  links = connect({first->server.address(), second->server.address()});
  EXPECT_TRUE(all_answer({"first", "second"}));
  std::map<std::string, int> answers;
  for (int i = 0; i < 100; ++i)
    ++answers[who_answers()];
  EXPECT_EQ(answers["first"], 50);
  EXPECT_EQ(answers["second"], 50);
}

TEST_F(nodes_test, one_target_may_name_several) {
  const auto first = start("first");
  const auto second = start("second");
  links = connect({"ipv4:" + first->server.address() + "," + second->server.address()});
  EXPECT_TRUE(all_answer({"first", "second"}));
}

TEST_F(nodes_test, a_name_is_looked_up) {
  const auto first = start("first");
  const std::string port = first->server.address().substr(first->server.address().rfind(':'));
  links = connect({"dns:///localhost" + port});
  EXPECT_EQ(who_answers(), "first");
}

TEST_F(nodes_test, one_that_dies_is_left_out) {
  auto first = start("first");
  const auto second = start("second");
  links = connect({first->server.address(), second->server.address()});
  EXPECT_TRUE(all_answer({"first", "second"}));
  first.reset();
  // The connection's end may be noticed by the call that wants to use it.
  const auto until = std::chrono::steady_clock::now() + patience;
  while (who_answers() != "second" && std::chrono::steady_clock::now() < until) {
  }
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(who_answers(), "second");
}

TEST_F(nodes_test, one_that_drains_gets_no_new_calls) {
  const auto first = start("first");
  const auto second = start("second");
  links = connect({first->server.address(), second->server.address()});
  EXPECT_TRUE(all_answer({"first", "second"}));
  first->server.set_serving(false);
  const auto until = std::chrono::steady_clock::now() + patience;
  for (int in_a_row = 0; in_a_row < 20;) {
    in_a_row = who_answers() == "second" ? in_a_row + 1 : 0;
    ASSERT_LT(std::chrono::steady_clock::now(), until);
  }
  first->server.set_serving(true);
  EXPECT_TRUE(all_answer({"first", "second"}));
}

TEST_F(nodes_test, a_check_says_whether_calls_are_taken) {
  serve_and_connect();
  EXPECT_TRUE(run(links->check(patience)));
  const std::string address = one->server.address();
  one.reset();
  const auto away = run(links->check(patience));
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().reason, error_reason::unavailable);
}

TEST_F(nodes_test, running_calls_have_the_grace_to_end) {
  serve_and_connect();
  auto waiting = std::async(std::launch::async, [this] { return say("wait", "", 0, {.deadline = 500ms}); });
  ASSERT_TRUE(one->service->waiting.wait());
  one->server.stop(patience);  // returns with the call, long before the grace ends
  const auto answer = waiting.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, "echo did not answer in time");
}

// The standard health service, asked with bytes: field 1 of the answer is 1 (serving) or 2 (not serving).
std::string ask_health(const std::string& address, const std::string& service) {
  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + patience);
  const std::string asked = service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  const grpc::Slice slice(asked);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> ended;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                 [&](grpc::Status status) { ended.set_value(std::move(status)); });
  const grpc::Status status = ended.get_future().get();
  if (!status.ok()) return "code " + std::to_string(status.error_code());
  grpc::Slice whole;
  EXPECT_TRUE(response.TrySingleSlice(&whole).ok());
  return {reinterpret_cast<const char*>(whole.begin()), whole.size()};
}

TEST_F(nodes_test, the_standard_health_service_answers_anybody) {
  serve(local({.tls = {}, .secret = secret_string("not needed for this")}));
  EXPECT_EQ(ask_health(one->server.address(), ""), "\x08\x01");
  EXPECT_EQ(ask_health(one->server.address(), "unknown"), "code 5");
  one->server.set_serving(false);
  EXPECT_EQ(ask_health(one->server.address(), ""), "\x08\x02");
}

TEST_F(nodes_test, odd_addresses) {
  const auto reason = [this](std::vector<std::string> addresses) {
    const auto made = channel::make({.peer = "echo", .addresses = std::move(addresses)}, log);
    return made ? std::string("fine") : made.error().message;
  };
  EXPECT_EQ(reason({}), "there is no address of echo");
  EXPECT_EQ(reason({"127.0.0.1:1", ""}), "an address of echo is empty");
  EXPECT_EQ(reason({"grpc://"}), "an address of echo is empty");
  links = connect({"no-such-host.invalid:1"});
  EXPECT_EQ(who_answers(), "unavailable");
}

}  // namespace
}  // namespace sluice::rpc::testing
