#include "config/document.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/print.hpp"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const references known{.variables = {{"NAME", "value"}, {"EMPTY", ""}, {"TRICKY", "${NAME}"}},
                       .read = [](const std::string& path) -> std::expected<std::string, std::string> {
                         if (path == "/secret") return "s3cret\r\n";
                         return std::unexpected("No such file or directory");
                       }};

std::vector<std::string> errors(std::string_view text, const document_bounds& bounds = {}) {
  std::vector<std::string> lines;
  const auto parsed = parse_document(text, "c.yaml", known, bounds);
  if (parsed) return lines;
  for (const problem& each : parsed.error())
    lines.push_back(to_string(each));
  return lines;
}

// The text of the scalar under "k".
std::string filled(const std::string& scalar) {
  const auto parsed = parse_document("k: " + scalar, "c.yaml", known);
  return parsed ? parsed->find("k")->text : to_string(parsed.error().front());
}

TEST(document, keeps_where_everything_was_said) {
  const auto parsed = parse_document("a:\n  b: [x, \"y\"]\n  c: {d: 1}\n", "c.yaml", known);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(to_string(locate(*parsed, "a.b[1]")->at), "c.yaml:2:10");
  EXPECT_EQ(locate(*parsed, "a.b[1]")->text, "y");
  EXPECT_EQ(to_string(locate(*parsed, "a.c.d")->at), "c.yaml:3:10");
  EXPECT_EQ(to_string(parsed->find("a")->members.at(1).at), "c.yaml:3:3");
  EXPECT_EQ(locate(*parsed, "a.b[2]"), nullptr);
  EXPECT_EQ(locate(*parsed, "a.x.y"), nullptr);
  EXPECT_EQ(to_string(origin_of(*parsed, "a.c.missing[3].more")), "c.yaml:3:6");
}

TEST(document, fills_in_references) {
  EXPECT_EQ(filled("${NAME}"), "value");
  EXPECT_EQ(filled("\"<${NAME}-${NAME}>\""), "<value-value>");
  EXPECT_EQ(filled("${MISSING:-other}"), "other");
  EXPECT_EQ(filled("${EMPTY:-other}"), "other");
  EXPECT_EQ(filled("${EMPTY}"), "");
  EXPECT_EQ(filled("${MISSING:-}"), "");
  EXPECT_EQ(filled("${file:/secret}"), "s3cret");
  EXPECT_EQ(filled("$${NAME}"), "${NAME}");
  EXPECT_EQ(filled("a$b$"), "a$b$");
  EXPECT_EQ(filled("${TRICKY}"), "${NAME}") << "what was put in is not looked at again";
}

TEST(document, a_reference_that_leads_nowhere_has_a_place) {
  EXPECT_THAT(errors("a: 1\nb: ${GONE}\nc: ['${GONE2}', '${file:/gone}']\n"),
              ElementsAre("c.yaml:2:4: the environment variable GONE is not set; set it, or write ${GONE:-default}",
                          HasSubstr("c.yaml:3:5: the environment variable GONE2"),
                          "c.yaml:3:17: cannot read the file \"/gone\": No such file or directory"));
  EXPECT_THAT(errors("a: ${"), ElementsAre(HasSubstr("c.yaml:1:4: \"${\" has no end")));
  EXPECT_THAT(errors("a: ${a b}"), ElementsAre(HasSubstr("is no reference")));
  EXPECT_THAT(errors("a: ${}"), ElementsAre(HasSubstr("is no reference")));
}

TEST(document, refuses_keys_that_come_twice) {
  EXPECT_THAT(errors("a: 1\nb: 2\na: 3\nb: 4\n"),
              ElementsAre("c.yaml:3:1: the key \"a\" comes twice; the first one is at c.yaml:1:1",
                          "c.yaml:4:1: the key \"b\" comes twice; the first one is at c.yaml:2:1"));
}

TEST(document, refuses_what_is_broken) {
  EXPECT_THAT(errors("a: [1, 2\nb: 3\n"), ElementsAre(HasSubstr("c.yaml:")));
  EXPECT_THAT(errors("a: \"x\n"), ElementsAre(HasSubstr("in scalar")));
  EXPECT_THAT(errors("a: 'x\nb: 1\n"), ElementsAre(HasSubstr("in scalar")));
  EXPECT_THAT(errors("a: 1\nb: \xff\n"), ElementsAre("c.yaml:2:4: a byte that is not UTF-8, or a control character"));
  EXPECT_THAT(errors(std::string_view("a: \0", 4)), ElementsAre(HasSubstr("c.yaml:1:4: a byte")));
  EXPECT_THAT(errors("a: \xc3"), ElementsAre(HasSubstr("c.yaml:1:4: a byte")));
  EXPECT_THAT(errors("a: 1\n---\nb: 2\n"), ElementsAre("c.yaml: has more than one document"));
  EXPECT_THAT(errors("a: !!binary x\nb: !mine y\n"), ElementsAre(HasSubstr("c.yaml:2:4: the tag \"!mine\"")));
  EXPECT_THAT(errors("? [a]\n: 1\n"), ElementsAre(HasSubstr("a key must be a plain word")));
  EXPECT_THAT(errors("a: *nobody\n"), ElementsAre(HasSubstr("c.yaml:1:4: the referenced anchor")));
}

TEST(document, has_bounds) {
  EXPECT_THAT(errors("a: 12345678\n", {.bytes_max = 8}), ElementsAre("c.yaml: is larger than 8"));
  EXPECT_THAT(errors("[[[[1]]]]", {.depth_max = 3}), ElementsAre("c.yaml:1:4: more than 3 levels deep"));
  EXPECT_THAT(errors("[1, 2, 3]", {.values_max = 3}), ElementsAre(HasSubstr("more than 3 values")));
  EXPECT_THAT(errors(std::string(100'000, '[')), ElementsAre(HasSubstr("c.yaml:1:")));
}

TEST(document, aliases_are_copies_and_no_bombs) {
  const auto parsed = parse_document("a: &x {k: 1}\nb: *x\n", "c.yaml", known);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(locate(*parsed, "b.k")->text, "1");
  std::string bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 20; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 10; ++j)
      bomb += fmt::format("{}*a{}", j == 0 ? "" : ", ", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(errors(bomb), ElementsAre(HasSubstr("more than 20000 values")));
  EXPECT_THAT(errors("a: &a [*a]"), ElementsAre(HasSubstr("alias")));
}

TEST(document, an_empty_one_says_nothing) {
  for (const std::string_view text : {"", "\n", "# only words", "~", "null", "---\n", "...\n"}) {
    const auto parsed = parse_document(text, "c.yaml", known);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed->is, value::shape::null) << text;
  }
}

TEST(document, block_scalars_keep_their_line_ends) {
  EXPECT_EQ(filled("|\n  one\n  two\n"), "one\ntwo\n");
  EXPECT_EQ(filled("|-\n  one\n"), "one");
  EXPECT_EQ(filled(">\n  one\n  two"), "one two\n");
}

TEST(document, layers_are_laid_key_by_key) {
  value base = *parse_document("a: {b: 1, c: [1, 2]}\nd: 1\n", "c.yaml", known);
  lay_over(base, *parse_inline("{a: {c: [3], e: 4}}", {.from = source::environment, .name = "V"}));
  EXPECT_EQ(to_yaml(base), "a:\n  b: 1\n  c:\n    - 3\n  e: 4\nd: 1\n");
  EXPECT_EQ(to_string(origin_of(base, "a.c[0]")), "V");
  EXPECT_EQ(to_string(origin_of(base, "a.b")), "c.yaml:1:8");
}

TEST(read_file, says_why_it_cannot) {
  EXPECT_EQ(read_file("/nowhere/at/all").error(), "No such file or directory");
  EXPECT_EQ(read_file("/proc/self/status", 16).error(), "is larger than 16");
  EXPECT_FALSE(read_file("/").has_value());
}

}  // namespace
}  // namespace sluice::config
