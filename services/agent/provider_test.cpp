#include "agent/provider.hpp"

#include <gtest/gtest.h>

#include "async/worker_pool.hpp"

namespace sluice::agent {
namespace {

using generation::delta_kind;

class provider_output_test : public testing::Test {
 protected:
  generation::usage used() const { return out.conclude(generation::status::completed, 9).usage; }

  async::worker_pool workers{1};
  std::shared_ptr<generation::log> log = std::make_shared<generation::log>(workers, "gen_1", 1 << 20);
  provider_output out{*log};
};

TEST_F(provider_output_test, keeps_so_many_fields_of_an_answer) {
  int taken = 0;
  while (taken < 10'000 && out.set_extension("f" + std::to_string(taken), "1"))
    ++taken;
  EXPECT_EQ(taken, 64);
  EXPECT_TRUE(out.set_extension("f1", "2")) << "one that is there already";
}

TEST_F(provider_output_test, keeps_so_many_bytes_of_them) {
  EXPECT_TRUE(out.set_extension("a", std::string(100'000, '1')));
  EXPECT_TRUE(out.set_extension("a", std::string(200'000, '1')));
  EXPECT_FALSE(out.set_extension("b", std::string(100'000, '1')));
  EXPECT_TRUE(out.set_extension("a", "1"));
  EXPECT_TRUE(out.set_extension("b", std::string(100'000, '1')));
}

TEST_F(provider_output_test, takes_no_name_that_is_none) {
  out.set_response_id(std::string(5'000, 'x'));
  out.set_response_id("resp_1");
  out.set_response_id("resp_2");
  out.finish_choice({.provider_reason = std::string(5'000, 'x'), .stop_sequence = std::string(5'000, 'x')});
  const generation::finish ending = out.conclude(generation::status::completed, 0);
  EXPECT_EQ(ending.response_id, "resp_1");
  EXPECT_EQ(ending.choices.at(0).provider_reason + ending.choices.at(0).stop_sequence, "");
}

TEST_F(provider_output_test, estimates_what_was_used_where_nobody_says_so) {
  EXPECT_TRUE(out.append(delta_kind::text, "12345678901234567890"));
  EXPECT_EQ(used().input_tokens, 3);
  EXPECT_EQ(used().output_tokens, 5);
  EXPECT_EQ(used().source, generation::usage_source::estimated);
  for (int i = 0; i < 30; ++i) {
    EXPECT_TRUE(out.append(delta_kind::text, "x"));
    EXPECT_TRUE(out.append(delta_kind::extension, "{\"logprobs\":[]}"));
  }
  EXPECT_EQ(used().output_tokens, 31);
}

}  // namespace
}  // namespace sluice::agent
