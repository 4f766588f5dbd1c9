// A node that is killed, as the kernel kills: a process of its own, this program once more.
#include <csignal>
#include <cstdlib>

#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rpc/rpc_testing.hpp"

extern char** environ;

namespace sluice::rpc::testing {
namespace {

constexpr char address_descriptor[] = "SLUICE_TEST_ADDRESS_DESCRIPTOR";

class killed_node_test : public rpc_fixture {};

// What the other process runs; a test of nothing when it is run by itself.
TEST_F(killed_node_test, DISABLED_serves_until_it_is_killed) {
  const char* const descriptor = std::getenv(address_descriptor);
  if (descriptor == nullptr) GTEST_SKIP() << "started by the other tests";
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // or until the test's own process ends
  serve();
  const std::string line = one->server.address() + "\n";
  ASSERT_EQ(::write(std::atoi(descriptor), line.data(), line.size()), static_cast<ssize_t>(line.size()));
  ::pause();
}

// The other process; killed at the latest when this goes.
class other_process {
 public:
  other_process() {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
    ::setenv(address_descriptor, std::to_string(ends[1]).c_str(), 1);
    std::string program = "/proc/self/exe";
    std::string filter = "--gtest_filter=killed_node_test.DISABLED_serves_until_it_is_killed";
    std::string disabled = "--gtest_also_run_disabled_tests";
    std::string quiet = "--gtest_brief=1";
    char* const arguments[] = {program.data(), filter.data(), disabled.data(), quiet.data(), nullptr};
    const int failed = ::posix_spawn(&process_, program.c_str(), nullptr, nullptr, arguments, environ);
    ::close(ends[1]);
    ::unsetenv(address_descriptor);
    if (failed != 0) throw std::runtime_error("no process");
    for (char c = 0; ::read(ends[0], &c, 1) == 1 && c != '\n';)
      address_.push_back(c);
    ::close(ends[0]);
  }
  ~other_process() { kill(); }
  other_process(const other_process&) = delete;
  other_process& operator=(const other_process&) = delete;

  const std::string& address() const { return address_; }
  void kill() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(std::exchange(process_, 0), nullptr, 0);
  }

 private:
  pid_t process_ = 0;
  std::string address_;
};

task<result<std::optional<v1::CountResponse>>> read_then_kill(channel& over, other_process& node) {
  client<v1::Echo> stub(over);
  v1::CountRequest request;
  request.set_to(1);
  request.set_then("wait");
  auto answers =
      stub.open(co_await asio::this_coro::executor, &echo::Count, std::move(request), {.deadline = patience});
  const auto first = co_await answers.read();
  EXPECT_TRUE(first && *first);
  node.kill();
  co_return co_await answers.read();
}

TEST_F(killed_node_test, what_was_under_way_ends_as_unavailable) {
  other_process node;
  links = connect({node.address()});
  auto waiting = std::async(std::launch::async, [this] { return say("wait"); });
  const auto before = std::chrono::steady_clock::now();
  const auto next = run(read_then_kill(*links, node));
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().reason, error_reason::unavailable) << next.error().detail;
  EXPECT_TRUE(next.error().retry_after);
  const auto answer = waiting.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, error_reason::unavailable) << answer.error().detail;
  EXPECT_LT(std::chrono::steady_clock::now() - before, patience / 2);  // by the end of the connection, not the deadline
}

TEST_F(killed_node_test, calls_go_to_the_other_one) {
  other_process node;
  serve();
  links = connect({node.address(), one->server.address()});
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(say("", "hello"));
  node.kill();
  const auto until = std::chrono::steady_clock::now() + patience;
  for (int in_a_row = 0; in_a_row < 20;) {
    in_a_row = say("", "hello") ? in_a_row + 1 : 0;
    ASSERT_LT(std::chrono::steady_clock::now(), until);
  }
}

}  // namespace
}  // namespace sluice::rpc::testing
