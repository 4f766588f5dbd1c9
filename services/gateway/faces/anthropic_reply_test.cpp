#include "gateway/faces/anthropic_reply.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "gateway/faces/reply_testing.hpp"

namespace sluice::gateway::anthropic {
namespace {

namespace json = boost::json;
using gateway::testing::event;
using generation::delta_kind;
using generation::finish_reason;

class anthropic_reply_test : public gateway::testing::reply_test {
 protected:
  void end(finish_reason reason, std::string stop_sequence = {}) {
    source->end({.status = generation::status::completed,
                 .choices = {{.reason = reason, .stop_sequence = std::move(stop_sequence)}},
                 .usage = {.input_tokens = 30,
                           .cached_tokens = 20,
                           .cache_write_tokens = 4,
                           .output_tokens = 7,
                           .reasoning_tokens = 2}});
  }
  std::vector<event> stream() {
    message_reply reply("gen_01ABC", "fast");
    return stream_with(reply);
  }
  json::object whole() { return json::parse(message_reply("gen_01ABC", "fast").whole(*source)).as_object(); }
  // What a client puts together from the events: the message as its SDK accumulates it.
  json::object accumulated() {
    json::object message;
    for (const event& one : stream()) {
      const json::object said = json::parse(one.data).as_object();
      EXPECT_EQ(said.at("type"), json::value(one.name));
      if (one.name == "message_start") message = said.at("message").as_object();
      if (one.name == "content_block_start") {
        EXPECT_EQ(said.at("index").to_number<std::size_t>(), message["content"].as_array().size());
        message["content"].as_array().push_back(said.at("content_block"));
      }
      if (one.name == "content_block_delta") add(message["content"].as_array(), said);
      if (one.name == "message_delta") {
        for (const auto& field : said.at("delta").as_object())
          message[field.key()] = field.value();
        message["usage"] = said.at("usage");
      }
    }
    for (json::value& block : message["content"].as_array()) {
      const auto arguments = block.as_object().find("partial");
      if (arguments == block.as_object().end()) continue;
      const std::string text(arguments->value().as_string());
      block.as_object().erase(arguments);
      block.as_object()["input"] = text.empty() ? json::object() : json::parse(text);
    }
    return message;
  }

 private:
  static void add(json::array& blocks, const json::object& said) {
    json::object& block = blocks.at(said.at("index").to_number<std::size_t>()).as_object();
    const json::object& delta = said.at("delta").as_object();
    const auto append = [&](std::string_view field, std::string_view into) {
      json::value& to = block[into];
      if (to.is_null()) to.emplace_string();
      to.as_string().append(delta.at(field).as_string());
    };
    const std::string_view type = delta.at("type").as_string();
    if (type == "text_delta") append("text", "text");
    if (type == "thinking_delta") append("thinking", "thinking");
    if (type == "signature_delta") append("signature", "signature");
    if (type == "input_json_delta") append("partial_json", "partial");
    if (type == "citations_delta") {
      if (block["citations"].is_null()) block["citations"].emplace_array();
      block["citations"].as_array().push_back(delta.at("citation"));
    }
  }
};

TEST_F(anthropic_reply_test, streams_what_it_would_say_whole) {
  source->append(delta_kind::reasoning, "let me ");
  source->append(delta_kind::reasoning, "think");
  source->append(delta_kind::signature, "c2ln");
  source->append(delta_kind::part, R"({"type":"reasoning","text":"","redacted":"xyz"})");
  source->append(delta_kind::part,
                 R"({"type":"vendor","dialect":"anthropic","value":{"type":"server_tool_use","id":"s"}})");
  source->append(delta_kind::part, R"({"type":"vendor","dialect":"gemini","value":{"executableCode":{}}})");
  source->append(delta_kind::text, "It \"is\" ");
  source->append(delta_kind::text, "so.\n");
  source->append(delta_kind::citation, R"({"type":"char_location","cited_text":"so"})");
  source->append(delta_kind::citation, R"({"type":"url_citation","url":"of another dialect"})");
  source->append(delta_kind::extension, R"({"choice":{"logprobs":null}})");
  call_tool(0, "t0", "first", "");
  call_tool(1, "t1", "second", R"({"b")");
  call_tool(0, {}, {}, R"({"a":1})");
  call_tool(1, {}, {}, R"(:2})");
  call_tool(2, "t2", "none", "");
  end(finish_reason::tool_calls);
  const json::value expected = json::parse(R"({
    "id": "msg_01ABC", "type": "message", "role": "assistant", "model": "fast",
    "content": [
      {"type": "thinking", "thinking": "let me think", "signature": "c2ln"},
      {"type": "redacted_thinking", "data": "xyz"},
      {"type": "server_tool_use", "id": "s"},
      {"type": "text", "text": "It \"is\" so.\n", "citations": [{"type": "char_location", "cited_text": "so"}]},
      {"type": "tool_use", "id": "t0", "name": "first", "input": {"a": 1}},
      {"type": "tool_use", "id": "t1", "name": "second", "input": {"b": 2}},
      {"type": "tool_use", "id": "t2", "name": "none", "input": {}}
    ],
    "stop_reason": "tool_use", "stop_sequence": null,
    "usage": {"input_tokens": 6, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 20, "output_tokens": 7,
              "output_tokens_details": {"thinking_tokens": 2}}})");
  EXPECT_EQ(json::value(whole()), expected);
  EXPECT_EQ(json::value(accumulated()), expected);
}

TEST_F(anthropic_reply_test, every_block_that_begins_ends_once) {
  source->append(delta_kind::reasoning, "a");
  source->append(delta_kind::text, "b");
  call_tool(0, "t", "f", "{}");
  source->append(delta_kind::text, "c");
  end(finish_reason::stop);
  std::vector<int> open(4, 0);
  for (const event& one : stream()) {
    const json::object said = json::parse(one.data).as_object();
    const auto index = said.contains("index") ? said.at("index").to_number<std::size_t>() : 0;
    if (one.name == "content_block_start") ++open.at(index);
    if (one.name == "content_block_delta") EXPECT_EQ(open.at(index), 1);
    if (one.name == "content_block_stop") open.at(index) += 10;
  }
  EXPECT_EQ(open, (std::vector<int>{11, 11, 11, 11}));
}

TEST_F(anthropic_reply_test, an_empty_answer_is_a_message_too) {
  end(finish_reason::stop);
  const std::vector<event> events = stream();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].name, "message_start");
  EXPECT_EQ(events[2].data, R"({"type":"message_stop"})");
  EXPECT_EQ(events[2].id, "gen_01ABC:1");
  EXPECT_EQ(json::serialize(whole().at("content")), "[]");
}

TEST_F(anthropic_reply_test, has_a_word_for_every_end) {
  const auto word_for = [&](finish_reason reason, std::string stop_sequence = {}) {
    source = std::make_shared<generation::log>(workers, "gen_01ABC", 1 << 20);
    end(reason, std::move(stop_sequence));
    const json::object said = whole();
    EXPECT_EQ(said.at("stop_reason"), accumulated().at("stop_reason"));
    return std::string(said.at("stop_reason").as_string());
  };
  EXPECT_EQ(word_for(finish_reason::stop), "end_turn");
  EXPECT_EQ(word_for(finish_reason::length), "max_tokens");
  EXPECT_EQ(word_for(finish_reason::context_length), "model_context_window_exceeded");
  EXPECT_EQ(word_for(finish_reason::content_filter), "refusal");
  EXPECT_EQ(word_for(finish_reason::pause), "pause_turn");
  EXPECT_EQ(word_for(finish_reason::stop_sequence, "END"), "stop_sequence");
  EXPECT_EQ(whole().at("stop_sequence"), "END");
}

TEST_F(anthropic_reply_test, a_failure_is_an_event_of_its_own) {
  source->append(delta_kind::text, "a");
  source->end(
      {.status = generation::status::failed, .problem = error{.reason = error_reason::unavailable, .message = "gone"}});
  const std::vector<event> events = stream();
  EXPECT_EQ(events.back().name, "error");
  EXPECT_EQ(events.back().data, R"({"type":"error","error":{"type":"overloaded_error","message":"gone"}})");
}

}  // namespace
}  // namespace sluice::gateway::anthropic
