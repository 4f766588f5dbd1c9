#include "agent/providers/secret_mask.hpp"

#include <gtest/gtest.h>

namespace sluice::agent {
namespace {

TEST(secret_mask_test, hides_a_credential_and_what_begins_like_it) {
  secret_mask subject;
  subject.add_credential(secret_string("sk-abcdefghijklmnopqrstuvwxyz"));
  EXPECT_EQ(subject.apply("bad sk-abcdefghijklmnopqrstuvwxyz"), "bad [key]");
  EXPECT_EQ(subject.apply("bad 'sk-abcdef...xyz' !"), "bad '[key]' !");
  EXPECT_EQ(subject.apply("sk-ab"), "[key]");
  EXPECT_EQ(subject.apply("sk-abcdefghijklmnopqrstuvwxyz,sk-abc"), "[key],[key]");
  EXPECT_EQ(subject.apply("sk-other"), "sk-other");
}

TEST(secret_mask_test, hides_short_and_empty_ones_as_they_are) {
  secret_mask subject;
  subject.add_credential(secret_string());
  subject.add_credential(secret_string("short"));
  EXPECT_EQ(subject.apply("a short b"), "a [key] b");
  EXPECT_EQ(subject.apply("a shor b"), "a shor b");
  secret_mask spaced;
  spaced.add_credential(secret_string("a long one, with spaces"));
  EXPECT_EQ(spaced.apply("with a long one, with spaces"), "with [key]");
}

TEST(secret_mask_test, leaves_words_that_only_begin_like_a_credential) {
  secret_mask subject;
  subject.add_credential(secret_string("token-abc123"));
  EXPECT_EQ(subject.apply("4096 tokens, see max_tokens: token-a…"), "4096 tokens, see max_tokens: [key]");
  subject.add_credential(secret_string("correcthorsebattery"));
  EXPECT_EQ(subject.apply("correct, but not correcthorsebattery"), "correct, but not [key]");
}

TEST(secret_mask_test, hides_the_values_of_fields) {
  secret_mask subject;
  subject.add_field("Authorization", secret_string("Bearer token-0123456789"));
  subject.add_field("x-api-KEY", secret_string("k-0123456789abc"));
  subject.add_field("HTTP-Referer", secret_string("https://our.example/page"));
  subject.add_field("X-Beta", secret_string("true"));
  EXPECT_EQ(subject.apply("Bearer token-0123456789 or token-01… of k-012?"), "Bearer [key] or [key] of [key]");
  EXPECT_EQ(subject.apply("https://our.example/page, not https://other.example"), "[key], not https://other.example");
  EXPECT_EQ(subject.apply("true"), "true");
}

TEST(secret_mask_test, looks_at_all_of_an_error) {
  secret_mask subject;
  subject.add_credential(secret_string("sk-abcdefghijklmnop"));
  const error masked = subject.apply(error{.reason = error_reason::timed_out,
                                           .message = "a sk-abcdefghijklmnop",
                                           .param = "b.sk-abcd",
                                           .retry_after = std::chrono::seconds(3),
                                           .detail = "sk-abc"});
  EXPECT_EQ(masked.message, "a [key]");
  EXPECT_EQ(masked.param, "b.[key]");
  EXPECT_EQ(masked.detail, "[key]");
  EXPECT_EQ(masked.reason, error_reason::timed_out);
  EXPECT_EQ(masked.retry_after, std::chrono::seconds(3));
}

}  // namespace
}  // namespace sluice::agent
