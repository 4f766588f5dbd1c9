// Who may call, and where a server may stand.
#include <gmock/gmock.h>

#include "rpc/certificate_testing.hpp"
#include "rpc/rpc_testing.hpp"

namespace sluice::rpc::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

security with_secret(std::string text) {
  return {.tls = {}, .secret = secret_string(std::move(text))};
}

class protection_test : public rpc_fixture {
 protected:
  // What the log says, once everything that writes to it is gone.
  std::string logged() {
    links.reset();
    one.reset();
    log = telemetry::logger({.descriptor = 2});
    return lines.read();
  }
  void expect_refused() {
    const auto answer = say("", "let me in");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, error_reason::unavailable);
    EXPECT_THAT(answer.error().message, HasSubstr("echo"));
  }
};

TEST_F(protection_test, the_right_secret_is_let_in) {
  serve(local(with_secret("one and the same")));
  links = connect({one->server.address()}, with_secret("one and the same"));
  EXPECT_TRUE(say("", "hello"));
  EXPECT_TRUE(run(links->check(patience)));
}

TEST_F(protection_test, a_wrong_secret_is_told_to_both_logs_and_in_neither) {
  serve(local(with_secret("the right one")));
  links = connect({one->server.address()}, with_secret("the wrong one"));
  for (int i = 0; i < 100; ++i)
    expect_refused();
  const auto checked = run(links->check(patience));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message, "echo does not accept calls of this node");
  EXPECT_THAT(checked.error().detail, HasSubstr("gRPC code 16: the service secret is missing or wrong"));
  const std::string lines = logged();
  EXPECT_THAT(lines, HasSubstr("calls of this node are refused"));
  EXPECT_THAT(lines, HasSubstr("a call was refused: its service secret is not ours"));
  EXPECT_THAT(lines, HasSubstr("secret=wrong"));
  EXPECT_EQ(std::ranges::count(lines, '\n'), 2) << lines;  // bounded
  EXPECT_THAT(lines, Not(HasSubstr("the right one")));
  EXPECT_THAT(lines, Not(HasSubstr("the wrong one")));
}

TEST_F(protection_test, no_secret_is_as_bad_as_a_wrong_one) {
  serve(local(with_secret("the right one")));
  links = connect({one->server.address()});
  expect_refused();
  EXPECT_THAT(logged(), HasSubstr("secret=missing"));
}

task<result<std::optional<v1::CountResponse>>> read_first(channel& over) {
  client<v1::Echo> stub(over);
  v1::CountRequest request;
  request.set_to(1);
  auto answers =
      stub.open(co_await asio::this_coro::executor, &echo::Count, std::move(request), {.deadline = patience});
  co_return co_await answers.read();
}

TEST_F(protection_test, streams_are_refused_as_well) {
  serve(local(with_secret("the right one")));
  links = connect({one->server.address()});
  const auto first = run(read_first(*links));
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().reason, error_reason::unavailable);
  EXPECT_EQ(one->service->written, 0);
}

TEST_F(protection_test, the_proof_is_not_the_secret) {
  const std::string proof = make_secret_proof(secret_string("open sesame"));
  EXPECT_EQ(proof.size(), 64);
  EXPECT_EQ(proof, make_secret_proof(secret_string("open sesame")));
  EXPECT_NE(proof, make_secret_proof(secret_string("open sesamf")));
  EXPECT_TRUE(equal_proofs(proof, proof));
  EXPECT_FALSE(equal_proofs(proof.substr(1), proof));
  EXPECT_FALSE(equal_proofs("", proof));
}

TEST_F(protection_test, not_open_to_others) {
  for (const std::string listen : {"0.0.0.0:0", "[::]:0", "192.0.2.7:50051"}) {
    auto told = local();
    told.listen = listen;
    const auto started = node(workers, told, log).server.start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().reason, error_reason::invalid_argument);
    EXPECT_THAT(started.error().message, HasSubstr("others can connect to " + listen));
  }
  auto told = local(with_secret("enough"));
  told.listen = "0.0.0.0:0";
  serve(told);
  EXPECT_THAT(one->server.address(), ::testing::MatchesRegex("0\\.0\\.0\\.0:[1-9][0-9]*"));
}

TEST_F(protection_test, certificates_alone_do_not_close_a_server) {
  const test_authority ours;
  const auto files = ours.issue("DNS:localhost,IP:127.0.0.1");
  auto told = local({.tls = {.certificate = files.certificate, .key = files.key}});
  told.listen = "0.0.0.0:0";
  EXPECT_FALSE(node(workers, told, log).server.start());
  told.protection.tls.ca = ours.file();
  EXPECT_TRUE(node(workers, told, log).server.start());
}

TEST_F(protection_test, addresses_that_are_none) {
  for (const std::string listen :
       {"", ":50051", "localhost:50051", "127.0.0.1", "::1:50051", "[127.0.0.1]:1", "1.2.3.4:x"}) {
    auto told = local(with_secret("s"));
    told.listen = listen;
    EXPECT_FALSE(node(workers, told, log).server.start()) << listen;
  }
}

TEST_F(protection_test, a_port_that_is_taken) {
  serve();
  auto told = local();
  told.listen = one->server.address();
  const auto started = node(workers, told, log).server.start();
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().reason, error_reason::unavailable);
  EXPECT_THAT(started.error().message, HasSubstr("cannot listen on " + told.listen));
}

TEST_F(protection_test, tls_and_whom_it_trusts) {
  const test_authority ours;
  const test_authority theirs;
  const auto files = ours.issue("DNS:localhost,IP:127.0.0.1");
  serve(local({.tls = {.certificate = files.certificate, .key = files.key}}));
  links = connect({one->server.address()}, {.tls = {.ca = ours.file()}});
  const auto trusted = say("", "hello");
  EXPECT_TRUE(trusted) << trusted.error().detail;
  links = connect({one->server.address()}, {.tls = {.ca = theirs.file()}});
  expect_refused();
  links = connect({one->server.address()});
  expect_refused();
}

TEST_F(protection_test, a_certificate_for_another_name) {
  const test_authority ours;
  const auto files = ours.issue("DNS:identity.test");
  serve(local({.tls = {.certificate = files.certificate, .key = files.key}}));
  links = connect({one->server.address()}, {.tls = {.ca = ours.file()}});
  expect_refused();
}

TEST_F(protection_test, mutual_tls_asks_for_a_certificate_of_ours) {
  const test_authority ours;
  const test_authority theirs;
  const auto served = ours.issue("IP:127.0.0.1");
  const auto shown = ours.issue("DNS:gateway.test");
  const auto strange = theirs.issue("DNS:gateway.test");
  serve(local({.tls = {.certificate = served.certificate, .key = served.key, .ca = ours.file()}}));
  links = connect({one->server.address()},
                  {.tls = {.certificate = shown.certificate, .key = shown.key, .ca = ours.file()}});
  const auto trusted = say("", "hello");
  EXPECT_TRUE(trusted) << trusted.error().detail;
  links = connect({one->server.address()}, {.tls = {.ca = ours.file()}});
  expect_refused();
  links = connect({one->server.address()},
                  {.tls = {.certificate = strange.certificate, .key = strange.key, .ca = ours.file()}});
  expect_refused();
}

TEST_F(protection_test, files_that_do_not_fit_are_named) {
  const test_authority ours;
  const auto one_pair = ours.issue("DNS:a.test");
  const auto other = ours.issue("DNS:b.test");
  const auto message = [](const tls_files& files) {
    const auto read = read_tls_files(files);
    return read ? std::string("fine") : read.error().message;
  };
  EXPECT_EQ(message({.certificate = one_pair.certificate, .key = one_pair.key, .ca = ours.file()}), "fine");
  EXPECT_EQ(message({}), "fine");
  EXPECT_THAT(message({.certificate = one_pair.certificate}), HasSubstr("both a certificate and its key"));
  EXPECT_THAT(message({.certificate = one_pair.certificate, .key = other.key}),
              HasSubstr(other.key + " is not the key of " + one_pair.certificate));
  EXPECT_THAT(message({.certificate = one_pair.key, .key = one_pair.key}),
              HasSubstr(one_pair.key + " has no certificate"));
  EXPECT_THAT(message({.certificate = one_pair.certificate, .key = one_pair.certificate}),
              HasSubstr(one_pair.certificate + " has no private key"));
  EXPECT_THAT(message({.ca = one_pair.key}), HasSubstr("has no certificate"));
  EXPECT_THAT(message({.ca = "/nowhere/ca.pem"}), HasSubstr("cannot read /nowhere/ca.pem"));
}

}  // namespace
}  // namespace sluice::rpc::testing
