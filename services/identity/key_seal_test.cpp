#include "identity/key_seal.hpp"

#include <gtest/gtest.h>

#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

const time_point now{std::chrono::seconds(1'800'000'000)};

TEST(key_seal, what_is_stored_is_not_the_key_and_opens_again) {
  const key_seal ours(secret_string("open sesame"));
  const stored_signing_key made = make_signing_key(now);
  const stored_signing_key sealed = ours.seal(made);
  EXPECT_EQ(sealed.id, made.id);
  EXPECT_EQ(sealed.public_key, made.public_key);
  EXPECT_EQ(sealed.private_key.reveal().find(made.private_key.reveal()), std::string_view::npos);
  EXPECT_FALSE(ours.seal(made).private_key == sealed.private_key);  // another nonce
  const auto opened = ours.open(sealed);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->private_key == made.private_key);
}

TEST(key_seal, opens_nothing_that_was_changed_or_moved) {
  const key_seal ours(secret_string("open sesame"));
  const stored_signing_key sealed = ours.seal(make_signing_key(now));
  const std::string text(sealed.private_key.reveal());
  for (std::size_t at : {text.size() - 1, text.size() / 2, text.find('.') + 1}) {
    std::string changed = text;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    stored_signing_key broken = sealed;
    broken.private_key = secret_string(changed);
    EXPECT_EQ(reason_of(ours.open(broken)), error_reason::unavailable) << at;
  }
  for (const std::string& cut : {std::string("sealed1."), std::string("sealed1.AAAA"), text.substr(0, 30)}) {
    stored_signing_key broken = sealed;
    broken.private_key = secret_string(cut);
    EXPECT_EQ(reason_of(ours.open(broken)), error_reason::unavailable) << cut;
  }
  stored_signing_key moved = sealed;
  moved.id = make_signing_key(now).id;
  EXPECT_EQ(reason_of(ours.open(moved)), error_reason::unavailable);
}

TEST(key_seal, says_what_is_wrong_with_the_secret) {
  const key_seal ours(secret_string("open sesame"));
  const stored_signing_key sealed = ours.seal(make_signing_key(now));
  EXPECT_EQ(key_seal(secret_string("another")).open(sealed).error().message,
            "the signing keys in the database are sealed with another services.secret than ours");
  EXPECT_EQ(key_seal(secret_string()).open(sealed).error().message,
            "the signing keys in the database are sealed: set services.secret");
}

TEST(key_seal, keys_that_were_stored_before_there_was_a_secret_stay_good) {
  const stored_signing_key made = make_signing_key(now);
  EXPECT_TRUE(key_seal(secret_string()).seal(made).private_key == made.private_key);
  const auto opened = key_seal(secret_string("open sesame")).open(made);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->private_key == made.private_key);
}

TEST(signing_keys, are_sealed_in_the_store_and_shared_by_those_who_know_the_secret) {
  world here;
  settings told = quick_settings();
  told.sealing_secret = secret_string("open sesame");
  const time_point later = here.time.now() + told.signing_key_rotation;
  key_ring first(here.store, told);
  ASSERT_TRUE(run(first.renew(later)));
  const auto kept = run(here.store.signing_keys());
  ASSERT_EQ(kept->size(), 2U);
  for (const stored_signing_key& each : *kept)  // also the one that was there before the secret
    EXPECT_TRUE(each.private_key.reveal().starts_with("sealed1."));
  key_ring second(here.store, told);
  ASSERT_TRUE(run(second.renew(later)));
  EXPECT_EQ(second.current()->public_keys().size(), 2U);
  told.sealing_secret = secret_string("another");
  key_ring stranger(here.store, told);
  EXPECT_EQ(reason_of(run(stranger.renew(later))), error_reason::unavailable);
}

}  // namespace
}  // namespace sluice::identity
