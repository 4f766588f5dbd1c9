#include "gateway/socket_places.hpp"

#include <gtest/gtest.h>

namespace sluice::gateway {
namespace {

TEST(socket_places, knows_who_has_sockets) {
  const settings told;
  socket_places places(told);
  {
    auto who = std::make_shared<const door::principal>(door::principal{.user_id = "usr_1"});
    const auto place = places.take(who);
    EXPECT_TRUE(place);
    EXPECT_TRUE(places.has_sockets("usr_1"));
    EXPECT_FALSE(places.has_sockets("usr_2"));
    EXPECT_EQ(places.open_sockets(), 1U);
  }
  EXPECT_FALSE(places.has_sockets("usr_1"));
  EXPECT_EQ(places.open_sockets(), 0U);
}

}  // namespace
}  // namespace sluice::gateway
