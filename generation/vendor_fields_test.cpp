#include "generation/vendor_fields.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace sluice::generation {
namespace {

namespace json = boost::json;

json::object object(std::string_view text) {
  return json::parse(text).as_object();
}

TEST(vendor_fields, are_what_has_no_name_of_ours) {
  const json::object call =
      object(R"({"id":"1","function":{"name":"f","x":[1]},"extra_content":{"a":null},"none":null})");
  json::object fields = vendor_fields_of(call, {"id", "function"});
  EXPECT_EQ(fields, object(R"({"extra_content":{"a":null}})"));
  add_vendor_fields(fields, "function", call.at("function").as_object(), {"name", "x"});
  EXPECT_FALSE(fields.contains("function"));
  add_vendor_fields(fields, "function", call.at("function").as_object(), {"name"});
  EXPECT_EQ(fields.at("function"), object(R"({"x":[1]})"));
}

TEST(vendor_fields, go_back_where_they_stood) {
  const json::object fields = object(R"({"b\"":{"x":1},"function":{"y":"\n"},"said":2})");
  std::string out;
  append_vendor_fields(out, fields, {"function", "said"});
  EXPECT_EQ(out, R"(,"b\"":{"x":1})");
  out.clear();
  append_inner_vendor_fields(out, fields, "function");
  append_inner_vendor_fields(out, fields, "said");
  append_inner_vendor_fields(out, fields, "not_there");
  EXPECT_EQ(out, R"(,"y":"\n")");
}

TEST(vendor_fields, join_what_came_in_pieces) {
  json::object whole = object(R"({"a":{"list":[1],"word":"x"}})");
  join_vendor_fields(whole, object(R"({"a":{"list":[2],"word":"y","more":true},"b":null})"));
  EXPECT_EQ(whole.at("a"), object(R"({"list":[1,2],"word":"y","more":true})"));
}

TEST(vendor_fields, of_what_is_none_are_none) {
  for (const char* text : {"", "[]", "{\"a\":", "1"})
    EXPECT_TRUE(parse_vendor_fields(text).empty()) << text;
  const std::string deep = "{\"a\":" + std::string(200, '[') + std::string(200, ']') + "}";
  EXPECT_EQ(parse_vendor_fields(deep).size(), 1U);
  EXPECT_TRUE(parse_vendor_fields("{\"a\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}").empty());
}

}  // namespace
}  // namespace sluice::generation
