#include "config/schema.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/document.hpp"
#include "config/load.hpp"
#include "config/print.hpp"

namespace sluice::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

enum class colour { red, green };

struct circle {
  std::uint32_t radius = 1;
};
struct square {
  double side = 1.5;
};

struct garden {
  std::string name = "none";
  bool open = true;
  std::uint16_t gates = 2;
  std::chrono::milliseconds wait{90'000};
  std::uint64_t area = 2048;
  colour paint = colour::green;
  secret_string key{"hidden"};
  std::vector<std::string> paths = {"main"};
  std::map<std::string, std::variant<circle, square>> beds;
};

type<garden> garden_schema() {
  structure<circle> round;
  round.required_key("radius", &circle::radius, integer<std::uint32_t>(1, 9), "How far.");
  structure<square> angular;
  angular.key("side", &square::side, number(0.5, 8), "How long.");
  structure<garden> keys;
  keys.key("name", &garden::name, text(), "What it is called.", takes_effect::on_reload);
  keys.key("open", &garden::open, boolean(), "Whether people may come in.");
  keys.key("gates", &garden::gates, integer<std::uint16_t>(1, 10), "How many.");
  keys.key("wait", &garden::wait, duration(1s, 1h), "How long.");
  keys.key("area", &garden::area, size<std::uint64_t>(1024, 1 << 20), "How large.");
  keys.key("paint", &garden::paint, choice<colour>({{"red", colour::red}, {"green", colour::green}}, {"blue"}),
           "Of the fence.");
  keys.key("key", &garden::key, secret(), "Of the gate.");
  keys.key("paths", &garden::paths, list_of(text()), "Where to walk.");
  keys.key("beds", &garden::beds,
           map_of(variant_of("shape", {"circle", "square"}, {"star"}, type<circle>(round), type<square>(angular))),
           "Where things grow.");
  keys.unsupported({"pond"});
  return keys;
}

std::expected<loaded<garden>, problems> read(std::string_view text, const overrides& over = {.prefix = "GARDEN_"}) {
  auto document = parse_document(text, "g.yaml", {});
  if (!document) return std::unexpected(document.error());
  return load(garden_schema(), std::move(*document), over);
}

std::vector<std::string> errors(std::string_view text, const overrides& over = {.prefix = "GARDEN_"}) {
  std::vector<std::string> lines;
  const auto got = read(text, over);
  if (got) return lines;
  for (const problem& each : got.error())
    lines.push_back(to_string(each));
  return lines;
}

TEST(schema, reads_every_type) {
  const auto got = read(
      "name: yes\nopen: false\ngates: 3\nwait: 5m\narea: 64KiB\npaint: red\nkey: k\npaths: [a, 12]\n"
      "beds: {a: {shape: circle, radius: 4}, b: {side: 2.5, shape: square}}\n");
  ASSERT_TRUE(got) << to_string(got.error().front());
  const garden& has = got->settings;
  EXPECT_EQ(has.name, "yes");
  EXPECT_FALSE(has.open);
  EXPECT_EQ(has.gates, 3);
  EXPECT_EQ(has.wait, 5min);
  EXPECT_EQ(has.area, 65536U);
  EXPECT_EQ(has.paint, colour::red);
  EXPECT_EQ(has.key.reveal(), "k");
  EXPECT_THAT(has.paths, ElementsAre("a", "12"));
  EXPECT_EQ(std::get<circle>(has.beds.at("a")).radius, 4U);
  EXPECT_EQ(std::get<square>(has.beds.at("b")).side, 2.5);
}

TEST(schema, what_is_not_said_keeps_its_default) {
  const auto got = read("name:\npaths: ~\n");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->settings.name, "none");
  EXPECT_THAT(got->settings.paths, ElementsAre("main"));
  EXPECT_EQ(got->settings.wait, 90s);
  EXPECT_TRUE(read("").has_value());
}

TEST(schema, reports_all_that_is_wrong_in_order) {
  EXPECT_THAT(
      errors("nmae: x\nopen: yes\ngates: 11\nwait: 5\narea: 1MB\npaint: blue\nkey: [k]\npaths: main\n"
             "beds:\n  a: {shape: circle}\n  b: {shape: star}\n  c: {shape: square, side: nan}\n  d: 3\npond: 1\n"),
      ElementsAre("g.yaml:1:1: unknown key \"nmae\", did you mean \"name\"?",
                  "g.yaml:2:7: open: expected true or false, found \"yes\"",
                  "g.yaml:3:8: gates: expected an integer from 1 to 10, found \"11\"",
                  "g.yaml:4:7: wait: expected a duration from 1s to 1h, such as 250ms, 30s or 5m, found \"5\"",
                  "g.yaml:5:7: area: expected a size from 1KiB to 1MiB, found \"1MB\"",
                  "g.yaml:6:8: paint: the value \"blue\" is not supported by this version",
                  "g.yaml:7:6: key: expected a secret, found a list",
                  "g.yaml:8:8: paths: expected a list, found \"main\"",
                  "g.yaml:10:6: beds.a: the key \"radius\" is missing (How far.)",
                  "g.yaml:11:14: beds.b.shape: the value \"star\" is not supported by this version; it has "
                  "circle, square",
                  "g.yaml:12:28: beds.c.side: expected a number from 0.5 to 8, found \"nan\"",
                  "g.yaml:13:6: beds.d: expected a map of keys, found \"3\"",
                  "g.yaml:14:1: the key \"pond\" is not supported by this version"));
  EXPECT_THAT(errors("[1]"), ElementsAre("g.yaml:1:1: expected a map of keys, found a list"));
}

TEST(schema, numbers_that_do_not_fit_are_refused) {
  for (const char* text : {"gates: 99999999999999999999", "gates: -1", "gates: 1.5", "gates: 0x3", "gates: ''"})
    EXPECT_THAT(errors(text), ElementsAre(HasSubstr("expected an integer"))) << text;
}

TEST(schema, variables_and_flags_lie_over_the_file) {
  overrides over{.prefix = "GARDEN_",
                 .others = {"GARDEN_FILE"},
                 .variables = {{"GARDEN_NAME", "by variable"},
                               {"GARDEN_GATES", "4"},
                               {"GARDEN_PATHS", "[x, y]"},
                               {"GARDEN_BEDS__A__RADIUS", "5"},
                               {"GARDEN_FILE", "g.yaml"},
                               {"GARDENS", "other"}},
                 .flags = {{"--gates", "gates", "5"}}};
  const auto got = read("name: by file\nbeds: {a: {shape: circle, radius: 1}}\n", over);
  ASSERT_TRUE(got) << to_string(got.error().front());
  EXPECT_EQ(got->settings.name, "by variable");
  EXPECT_EQ(got->settings.gates, 5);
  EXPECT_THAT(got->settings.paths, ElementsAre("x", "y"));
  EXPECT_EQ(std::get<circle>(got->settings.beds.at("a")).radius, 5U);
  EXPECT_EQ(to_string(origin_of(got->document, "gates")), "--gates");
  EXPECT_THAT(errors("", {.prefix = "GARDEN_", .flags = {{"--pond", "pond", "x"}}}),
              ElementsAre("--pond: sets a key that is not supported by this version"));
  over.variables["GARDEN_PATHS"] = "[x";
  over.variables["GARDEN_NMAE"] = "";
  over.variables["GARDEN_BEDS__A__RADUIS"] = "";
  over.variables["GARDEN_POND__DEPTH"] = "";
  EXPECT_THAT(
      errors("", over),
      testing::IsSupersetOf({testing::Matcher<std::string>(HasSubstr("GARDEN_PATHS: ")),
                             testing::Matcher<std::string>(HasSubstr("did you mean \"GARDEN_NAME\"?")),
                             testing::Matcher<std::string>(HasSubstr("did you mean \"GARDEN_BEDS__A__RADIUS\"?")),
                             testing::Matcher<std::string>(HasSubstr("GARDEN_POND__DEPTH: sets a key that is"))}));
}

TEST(schema, shows_defaults_and_hides_secrets) {
  EXPECT_EQ(to_yaml(garden_schema().show(garden{})),
            "name: none\nopen: true\ngates: 2\nwait: 90s\narea: 2KiB\npaint: green\nkey: \"********\"\npaths:\n"
            "  - main\nbeds: {}\n");
  EXPECT_THAT(reference_markdown(*garden_schema().what, "GARDEN_"), testing::Not(HasSubstr("hidden")));
}

TEST(schema, what_is_shown_reads_back) {
  garden odd;
  for (const char* name : {"true", "12", "", "a: b", "- x", "#", "\"", "${X}", "$", "é\n", "null", "0x1", "1e5"}) {
    odd.name = name;
    const auto got = read(to_yaml(garden_schema().show(odd), true));
    ASSERT_TRUE(got) << name << ": " << to_string(got.error().front());
    EXPECT_EQ(got->settings.name, name);
  }
}

TEST(nearest, finds_small_mistakes_only) {
  const std::vector<std::string_view> names = {"listen", "limits", "tls", "model", "name"};
  EXPECT_EQ(nearest("modle", names), "model");
  EXPECT_EQ(nearest("lsten", names), "listen");
  EXPECT_EQ(nearest("tsl", names), "tls");
  EXPECT_EQ(nearest("database", names), "");
  EXPECT_EQ(nearest("", names), "");
  EXPECT_EQ(nearest(std::string(1'000'000, 'x'), names), "");
}

}  // namespace
}  // namespace sluice::config
