#include "agent/stored_answer.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "generation/content_json.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::delta_kind;

class stored_answer_test : public testing::Test {
 protected:
  void call_tool(std::uint32_t index, std::string_view id, std::string_view name, std::string_view arguments) {
    std::string fragment;
    generation::encode_tool_call(fragment, {.index = index, .id = id, .name = name, .arguments = arguments});
    source->append(delta_kind::tool_call, fragment);
  }
  json::array kept() const { return generation::to_json(read_answer(*source).parts); }
  // What is read of what is made of it.
  json::array kept_again() {
    const auto again = make_log(workers, "gen_1", read_answer(*source), {}, 50);
    std::string text;
    for (std::uint64_t position = 1; position + 1 < again->published(); ++position) {  // between rewind and finish
      const auto& delta = again->at(position);
      copy->append(delta.kind(), again->copy(again->begin_of(position), delta.end));
    }
    return generation::to_json(read_answer(*copy).parts);
  }

  async::worker_pool workers{1};
  std::shared_ptr<generation::log> source = std::make_shared<generation::log>(workers, "gen_1", 1 << 20);
  std::shared_ptr<generation::log> copy = std::make_shared<generation::log>(workers, "gen_1", 1 << 20);
};

TEST_F(stored_answer_test, keeps_words_of_one_kind_together) {
  source->append(delta_kind::reasoning, "let me ");
  source->append(delta_kind::text, "So");
  source->append(delta_kind::reasoning, "think");
  source->append(delta_kind::text, " it is.");
  EXPECT_EQ(kept(), json::parse(R"([{"type":"reasoning","text":"let me think"},{"type":"text","text":"So it is."}])"));
}

TEST_F(stored_answer_test, keeps_what_only_the_provider_understands_where_it_stood) {
  source->append(delta_kind::reasoning, "hm");
  source->append(delta_kind::signature, "sig");
  source->append(delta_kind::part, R"({"type":"reasoning","text":"","redacted":"xyz"})");
  source->append(delta_kind::text, "It ");
  source->append(delta_kind::citation, R"({"type":"char_location"})");
  source->append(delta_kind::text, "rains.");
  source->append(delta_kind::part, R"({"type":"vendor","dialect":"anthropic","value":{"type":"server_tool_use"}})");
  call_tool(0, "a", "f", R"({"x")");
  call_tool(1, "b", "g", "{}");
  call_tool(0, {}, {}, ":1}");
  source->append(delta_kind::reasoning, "more");
  source->append(delta_kind::signature, "sig2");
  const json::value expected = json::parse(R"([
    {"type": "reasoning", "text": "hm", "signature": "sig"},
    {"type": "reasoning", "text": "", "redacted": "xyz"},
    {"type": "text", "text": "It rains.", "citations": [{"type": "char_location"}]},
    {"type": "vendor", "dialect": "anthropic", "value": {"type": "server_tool_use"}},
    {"type": "tool_call", "id": "a", "name": "f", "arguments": "{\"x\":1}"},
    {"type": "tool_call", "id": "b", "name": "g", "arguments": "{}"},
    {"type": "reasoning", "text": "more", "signature": "sig2"}])");
  EXPECT_EQ(json::value(kept()), expected);
  EXPECT_EQ(json::value(kept_again()), expected);
}

}  // namespace
}  // namespace sluice::agent
