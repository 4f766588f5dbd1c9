#include "gateway/ws_tickets.hpp"

#include <gtest/gtest.h>

#include "door/identity_testing.hpp"
#include "state/shared_state_memory.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

using namespace std::chrono_literals;
using testing::run_here;

class ws_tickets_test : public ::testing::Test {
 protected:
  std::string issue(const principal& who) {
    const auto made = run_here(tickets.issue(who));
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::string(made->ticket.reveal()) : "";
  }
  result<std::shared_ptr<const principal>> redeem(std::string_view ticket) { return run_here(tickets.redeem(ticket)); }

  std::chrono::steady_clock::time_point now{1h};
  state::shared_state_memory state{{}, [this] { return now; }};
  ws_tickets tickets{state};
  const principal ann{.user_id = "usr_1",
                      .name = "Ann \"é\"",
                      .key_id = {},
                      .session_id = "ses_1",
                      .role = "admin",
                      .expires_at = std::chrono::system_clock::time_point(1'795'329'721'250ms),
                      .fixed = false};
};

TEST_F(ws_tickets_test, bring_whom_they_were_given_to_once) {
  const std::string ticket = issue(ann);
  const auto who = redeem(ticket);
  ASSERT_TRUE(who);
  EXPECT_EQ((*who)->user_id, ann.user_id);
  EXPECT_EQ((*who)->name, ann.name);
  EXPECT_EQ((*who)->session_id, ann.session_id);
  EXPECT_EQ((*who)->role, ann.role);
  EXPECT_EQ((*who)->expires_at, ann.expires_at);
  EXPECT_EQ(redeem(ticket).error().reason, error_reason::unauthenticated);
}

TEST_F(ws_tickets_test, are_good_for_thirty_seconds) {
  const std::string in_time = issue(ann);
  const std::string late = issue(ann);
  now += 29s;
  EXPECT_TRUE(redeem(in_time));
  now += 1s;
  EXPECT_EQ(redeem(late).error().reason, error_reason::unauthenticated);
}

TEST_F(ws_tickets_test, are_not_made_without_end_for_one_user) {
  for (int i = 0; i < 256; ++i)
    issue(ann);
  const auto refused = run_here(tickets.issue(ann));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, error_reason::rate_limited);
  EXPECT_TRUE(refused.error().retry_after);
  now += 31s;
  EXPECT_TRUE(redeem(issue(ann)));
}

TEST_F(ws_tickets_test, nonsense_is_refused) {
  for (const std::string_view text : {"", "wst_", "x", "wst_\xff"})
    EXPECT_EQ(redeem(text).error().reason, error_reason::unauthenticated);
}

}  // namespace
}  // namespace sluice::gateway
