#include "http/router.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

task<> nothing(exchange&) {
  co_return;
}

router make_router() {
  return router({{"GET", "/", nothing},
                 {"GET", "/v1/models", nothing},
                 {"POST", "/v1/models", nothing},
                 {"GET", "/v1/models/{id}", nothing},
                 {"DELETE", "/v1/models/{id}", nothing},
                 {"GET", "/v1/models/default", nothing},
                 {"HEAD", "/own", nothing},
                 {"GET", "/own", nothing},
                 {"GET", "/v1/{kind}/{id}/parts", nothing}});
}

request asking(std::string method, std::string target) {
  request asked;
  asked.method = std::move(method);
  asked.target = std::move(target);
  EXPECT_TRUE(percent_decode(path_of_target(asked.target), asked.path));
  return asked;
}

std::string route_of(std::string method, std::string target) {
  static const router routes = make_router();
  request asked = asking(std::move(method), std::move(target));
  const auto verdict = routes.match(asked);
  return verdict.handle != nullptr ? std::string(asked.route) : std::to_string(verdict.status) + " " + verdict.allow;
}

TEST(router, finds_paths_that_are_written_out) {
  EXPECT_EQ(route_of("GET", "/"), "/");
  EXPECT_EQ(route_of("GET", "/v1/models?x=1"), "/v1/models");
  EXPECT_EQ(route_of("GET", "http://host:80/v1/models"), "/v1/models");
  EXPECT_EQ(route_of("GET", "/v1/models/default"), "/v1/models/default");
  EXPECT_EQ(route_of("GET", "/v1/m%6Fdels"), "/v1/models");
}

TEST(router, takes_parameters_decoded) {
  request asked = asking("GET", "/v1/models/openai%2Fgpt%204");
  EXPECT_NE(make_router().match(asked).handle, nullptr);
  EXPECT_EQ(asked.parameter("id"), "openai/gpt 4");
  EXPECT_EQ(asked.parameter("other"), "");
  asked = asking("GET", "/v1/a/b/parts");
  make_router().match(asked);
  EXPECT_EQ(asked.parameter("kind"), "a");
  EXPECT_EQ(asked.parameter("id"), "b");
}

TEST(router, an_escaped_slash_is_no_slash) {
  EXPECT_EQ(route_of("GET", "/v1%2Fmodels"), "404 ");
  EXPECT_EQ(route_of("GET", "/v1/models%2Fdefault"), "404 ");
}

TEST(router, says_what_is_missing) {
  EXPECT_EQ(route_of("GET", "/v1"), "404 ");
  EXPECT_EQ(route_of("GET", "/v1/models/"), "404 ");
  EXPECT_EQ(route_of("GET", "/v1/models/a/b"), "404 ");
  EXPECT_EQ(route_of("PUT", "/v1/models"), "405 GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(route_of("PUT", "/v1/models/x"), "405 GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(route_of("OPTIONS", "/v1/models/x"), "204 GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(route_of("DELETE", "/v1/models/default"), "/v1/models/{id}");
}

TEST(router, head_is_get_unless_it_has_its_own) {
  EXPECT_EQ(route_of("HEAD", "/v1/models"), "/v1/models");
  EXPECT_EQ(route_of("HEAD", "/own"), "/own");
}

TEST(router, a_table_with_a_bug_does_not_build) {
  EXPECT_THROW(router({{"GET", "no-slash", nothing}}), std::logic_error);
  EXPECT_THROW(router({{"GET", "/a{b}", nothing}}), std::logic_error);
  EXPECT_THROW(router({{"GET", "/{}", nothing}}), std::logic_error);
  EXPECT_THROW(router({{"GET", "/a", {}}}), std::logic_error);
  EXPECT_THROW(router({{"GET", "/{a}", nothing}, {"GET", "/{b}", nothing}}), std::logic_error);
}

}  // namespace
}  // namespace sluice::http
