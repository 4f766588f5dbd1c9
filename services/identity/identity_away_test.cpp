// What goes on while the database is away, and what does not.
#include <gtest/gtest.h>

#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

// A store whose reads and writes can be cut off.
class frail_store final : public user_store_sql {
 public:
  using user_store_sql::user_store_sql;
  bool away = false;

  task<result<std::optional<account>>> find_by_name(std::string key) override {
    return away ? gone<std::optional<account>>() : user_store_sql::find_by_name(std::move(key));
  }
  task<result<std::optional<account>>> find_by_id(std::string id) override {
    return away ? gone<std::optional<account>>() : user_store_sql::find_by_id(std::move(id));
  }
  task<result<bool>> begin_session(new_session made, std::string hash, std::uint32_t most) override {
    return away ? gone<bool>() : user_store_sql::begin_session(std::move(made), std::move(hash), most);
  }
  task<result<std::optional<refresh_record>>> find_refresh(std::string hash, time_point now) override {
    return away ? gone<std::optional<refresh_record>>() : user_store_sql::find_refresh(std::move(hash), now);
  }
  task<result<std::optional<user>>> find_session(std::string id, time_point now) override {
    return away ? gone<std::optional<user>>() : user_store_sql::find_session(std::move(id), now);
  }
  task<result<void>> end_session(std::string user_id, std::string id, time_point now) override {
    return away ? gone<void>() : user_store_sql::end_session(std::move(user_id), std::move(id), now);
  }
  task<result<std::optional<key_owner>>> find_key(std::string hash) override {
    return away ? gone<std::optional<key_owner>>() : user_store_sql::find_key(std::move(hash));
  }
  task<result<std::uint64_t>> newest_revocation() override {
    return away ? gone<std::uint64_t>() : user_store_sql::newest_revocation();
  }

 private:
  template <class T>
  static task<result<T>> gone() {
    co_return failure(error_reason::unavailable, "the database is away");
  }
};

struct frail : world {
  frail_store under{*database};
  identity over{under, limiter, state, quick_settings(), [this] { return time.now(); }, observed};
  frail() {
    must(add("alice"));
    must(run(over.start()));
  }
  result<tokens> sign_in(const std::string& password = good_password) {
    return run(over.log_in({.username = "alice", .password = secret_string(password)}, {}));
  }
};

TEST(without_the_database, what_is_remembered_goes_on) {
  frail here;
  const auto given = here.sign_in();
  ASSERT_TRUE(given && run(here.over.identify(given->access_token)));
  here.under.away = true;
  EXPECT_TRUE(run(here.over.identify(given->access_token)));
  EXPECT_FALSE(run(here.over.revocations().look()));
  EXPECT_TRUE(run(here.over.identify(given->access_token)));
}

TEST(without_the_database, everything_else_is_unavailable_and_nothing_is_lost) {
  frail here;
  const auto given = here.sign_in();
  here.under.away = true;
  const auto reasons = {
      reason_of(here.sign_in()),
      reason_of(run(here.over.identify(given->access_token))),
      reason_of(run(here.over.identify(make_api_key()))),
      reason_of(run(here.over.refresh(given->refresh_token, {}))),
      reason_of(run(here.over.log_out(given->who.id, given->session_id))),
      reason_of(run(here.over.find_user(given->who.id))),
      reason_of(run(here.over.register_user({"bob", secret_string(good_password)}, {}))),
      reason_of(run(here.over.still_stands(
          {.user_id = given->who.id, .username = {}, .session_id = given->session_id, .key_id = {}}))),
  };
  for (const error_reason each : reasons)
    EXPECT_EQ(each, error_reason::unavailable);
  here.under.away = false;
  EXPECT_TRUE(run(here.over.refresh(given->refresh_token, {})));
  EXPECT_TRUE(run(here.over.identify(given->access_token)));
}

TEST(without_the_database, nobody_is_charged_for_attempts) {
  frail here;
  here.under.away = true;
  for (int i = 0; i < 30; ++i)
    EXPECT_EQ(reason_of(here.sign_in("wrong guess")), error_reason::unavailable);
  here.under.away = false;
  EXPECT_EQ(here.limiter.sum("sign-in"), 0U);
  EXPECT_TRUE(here.sign_in());
}

}  // namespace
}  // namespace sluice::identity
