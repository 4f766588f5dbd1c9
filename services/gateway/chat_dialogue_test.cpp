#include "gateway/chat_dialogue.hpp"

#include <future>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "http/websocket_codec.hpp"

namespace sluice::gateway {
namespace {

namespace json = boost::json;
using generation::delta_kind;

// The texts of the frames in a batch, as a client would read them.
std::vector<json::object> read_frames(std::string bytes) {
  http::websocket_decoder decoder(http::websocket_role::client, 1 << 20);
  decoder.feed(bytes);
  std::vector<json::object> frames;
  while (const auto event = decoder.next()) {
    EXPECT_EQ(event->what, http::websocket_event::kind::message);
    frames.push_back(json::parse(event->payload).as_object());
  }
  return frames;
}

class chat_dialogue_test : public testing::Test {
 protected:
  chat_dialogue_test() { workers.start(); }

  // Cursors live on workers: runs a test's body on one.
  template <class Body>
  void on_worker(Body body) {
    std::promise<void> done;
    workers[0].post([&] {
      body();
      done.set_value();
    });
    done.get_future().get();
  }
  agent::followed make_source() {
    auto log = std::make_shared<generation::log>(workers, "gen_1", 1 << 20);
    return {.log = std::move(log), .about = {.generation_id = "gen_1", .model = "fast", .provider = "mock"}};
  }
  std::vector<json::object> say(chat_dialogue& to, std::string_view text) {
    std::string out;
    frame_batch batch(out);
    asked = to.receive(text, batch);
    return read_frames(out);
  }
  std::vector<json::object> fill(chat_dialogue& from) {
    std::string out;
    frame_batch batch(out);
    from.fill(batch, 1 << 16);
    return read_frames(out);
  }
  static std::int64_t code_of(const std::vector<json::object>& frames) {
    if (frames.size() != 1 || frames[0].at("type") != "error") return -1;
    return frames[0].at("payload").at("code").as_int64();
  }

  async::worker_pool workers{1};
  dialogue_limits limits{.streams_max = 2, .json = {.depth = 16}};
  std::optional<chat_command> asked;
};

TEST_F(chat_dialogue_test, answers_pings_itself) {
  chat_dialogue basic(chat_dialect::basic, limits);
  EXPECT_EQ(say(basic, R"({"type":"ping"})"), (std::vector<json::object>{{{"type", "pong"}}}));
  chat_dialogue full(chat_dialect::full, limits);
  EXPECT_EQ(json::serialize(say(full, R"({"type":"ping","id":"p","payload":{"n":1}})").at(0)),
            R"({"type":"pong","id":"p","payload":{"n":1}})");
}

TEST_F(chat_dialogue_test, says_what_is_wrong_with_a_message) {
  for (const auto dialect : {chat_dialect::basic, chat_dialect::full}) {
    chat_dialogue dialogue(dialect, limits);
    for (const auto* bad : {"", "hello", "[]", "7", "null", "{}", R"({"type":7})", R"({"type":"chat"})",
                            R"({"type":"chat","payload":[]})", R"({"type":"chat","payload":{}})",
                            R"({"type":"chat","payload":{"content":{}}})", R"({"type":"ping","id":""})",
                            R"({"type":"ping","id":{"a":1}})", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]"}) {
      EXPECT_EQ(code_of(say(dialogue, bad)), 400) << bad;
      EXPECT_FALSE(asked);
    }
    EXPECT_EQ(code_of(say(dialogue, R"({"type":"dance"})")), 404);
    EXPECT_EQ(dialogue.live(), 0U);
  }
}

TEST_F(chat_dialogue_test, names_the_request_in_what_is_no_frame_as_far_as_it_can_be_read) {
  chat_dialogue full(chat_dialect::full, limits);
  const auto named = [&](const std::string& text) {
    const auto frames = say(full, text);
    EXPECT_EQ(code_of(frames), 400) << text;
    return json::serialize(frames.at(0).contains("id") ? frames[0].at("id") : json::value());
  };
  const std::string deep = std::string(20, '[') + std::string(20, ']');
  EXPECT_EQ(named(R"({"type":"chat","id":"a","payload":{"content":"\ud800"}})"), R"("a")");
  EXPECT_EQ(named(R"({"type":"chat","id":"a","payload":)" + deep + "}"), R"("a")");
  EXPECT_EQ(named(R"({"type":"chat","id":"\u00e9\"","payload":)"), R"("é\"")");
  EXPECT_EQ(named(R"({"id":"a"})"), R"("a")");
  EXPECT_EQ(named(R"({"id":"a","type":7})"), R"("a")");
  const std::string longest = std::string(64, 'x');
  EXPECT_EQ(named(R"({"id":")" + longest + R"(",)"), '"' + longest + '"');
  for (const std::string& nameless : {
           std::string(R"({"payload":{"content":"\ud800"},"id":"a"})"),  // it comes too late
           std::string(R"({"payload":{"id":"a"},"type":})"),
           std::string(R"({"payload":[{"id":"a"}],"type":})"),
           std::string(R"([{"id":"a"}])"),
           std::string(R"({"id":7,"type":})"),
           std::string(R"({"id":["a"],"type":})"),
           std::string(R"({"id":"","type":})"),
           std::string(R"({"id":"\ud800","type":"chat"})"),
           std::string(R"({"id":"a)"),
           R"({"id":")" + longest + R"(x",)",
           R"({"id":")" + std::string(100'000, 'x') + R"(",)",
           R"({"id)" + std::string(100'000, 'd') + R"(":"a",)",
       }) {
    EXPECT_EQ(named(nameless), "null") << nameless.substr(0, 80);
  }
  chat_dialogue basic(chat_dialect::basic, limits);
  EXPECT_FALSE(say(basic, R"({"type":"chat","id":"a",)").at(0).contains("id"));
}

TEST_F(chat_dialogue_test, the_basic_dialect_gives_each_delta_alone_and_one_done) {
  on_worker([&] {
    async::wakeup growth(workers[0].get_executor());
    chat_dialogue dialogue(chat_dialect::basic, limits);
    say(dialogue, R"({"type":"chat","payload":{"content":"Hi"}})");
    ASSERT_TRUE(asked && std::holds_alternative<start_command>(*asked));
    const auto source = make_source();
    std::string out;
    frame_batch batch(out);
    dialogue.open(std::nullopt, source, 0, growth, batch);
    EXPECT_TRUE(out.empty());
    source.log->append(delta_kind::reasoning, "h");
    source.log->append(delta_kind::text, "é");
    source.log->append(delta_kind::text, "\"");
    source.log->end({.status = generation::status::completed});
    const auto frames = fill(dialogue);
    ASSERT_EQ(frames.size(), 4U);
    EXPECT_EQ(json::serialize(frames[0]),
              R"({"type":"chat","payload":{"content":"h","type":"reasoning","model":"fast"}})");
    EXPECT_EQ(json::serialize(frames[1]), R"({"type":"chat","payload":{"content":"é","type":"text","model":"fast"}})");
    EXPECT_EQ(frames[2].at("payload").at("content"), "\"");
    EXPECT_EQ(frames[3].at("type"), "done");
    EXPECT_EQ(frames[3].at("payload").at("finish_reason"), "stop");
    EXPECT_FALSE(dialogue.has_streams());
  });
}

TEST_F(chat_dialogue_test, conversations_are_for_the_full_dialect) {
  const std::string chat = R"({"type":"chat","payload":{"content":"Hi","conversation_id":"new"}})";
  chat_dialogue basic(chat_dialect::basic, limits);
  EXPECT_EQ(code_of(say(basic, chat)), 400);
  chat_dialogue full(chat_dialect::full, limits);
  EXPECT_TRUE(say(full, chat).empty());
  ASSERT_TRUE(asked);
  EXPECT_EQ(std::get<start_command>(*asked).chat.conversation_id, "new");
}

TEST_F(chat_dialogue_test, the_full_dialect_numbers_merges_and_resumes) {
  on_worker([&] {
    async::wakeup growth(workers[0].get_executor());
    chat_dialogue dialogue(chat_dialect::full, limits);
    const auto source = make_source();
    for (const char* word : {"a", "b", "c"})
      source.log->append(delta_kind::text, word);
    say(dialogue, R"({"type":"resume","id":"r","payload":{"generation_id":"gen_1","after":1}})");
    ASSERT_TRUE(asked && std::holds_alternative<resume_command>(*asked));
    EXPECT_EQ(std::get<resume_command>(*asked).after, 1U);
    std::string out;
    frame_batch batch(out);
    dialogue.open("r", source, 1, growth, batch);
    EXPECT_EQ(json::serialize(read_frames(out).at(0)),
              R"({"type":"started","id":"r","generation_id":"gen_1","payload":{"conversation_id":null,)"
              R"("message_id":null,"model":"fast","provider":"mock"}})");
    EXPECT_EQ(json::serialize(fill(dialogue).at(0)), R"({"type":"chat","id":"r","generation_id":"gen_1","seq":3,)"
                                                     R"("payload":{"content":"bc","type":"text","model":"fast"}})");
    source.log->end(
        {.status = generation::status::failed, .problem = error{.reason = error_reason::timed_out, .message = "late"}});
    const auto last = fill(dialogue);
    ASSERT_EQ(last.size(), 1U);
    EXPECT_EQ(last[0].at("seq"), 4);
    EXPECT_EQ(last[0].at("payload").at("status"), "failed");
    EXPECT_EQ(last[0].at("payload").at("error").at("code"), 504);
  });
}

TEST_F(chat_dialogue_test, an_id_is_unique_while_it_lives_and_streams_are_bounded) {
  on_worker([&] {
    async::wakeup growth(workers[0].get_executor());
    chat_dialogue dialogue(chat_dialect::full, limits);
    const std::string chat = R"({"type":"chat","id":"a","payload":{"content":"Hi"}})";
    EXPECT_TRUE(say(dialogue, chat).empty());
    EXPECT_EQ(code_of(say(dialogue, chat)), 409);  // before the agent has answered
    const auto source = make_source();
    std::string out;
    frame_batch batch(out);
    dialogue.open("a", source, 0, growth, batch);
    EXPECT_EQ(code_of(say(dialogue, chat)), 409);
    EXPECT_TRUE(say(dialogue, R"({"type":"chat","id":"b","payload":{"content":"Hi"}})").empty());
    EXPECT_EQ(code_of(say(dialogue, R"({"type":"chat","id":"c","payload":{"content":"Hi"}})")), 429);
    dialogue.refuse("b", {.reason = error_reason::not_found, .message = "no"}, batch);
    say(dialogue, R"({"type":"cancel","payload":{"id":"a"}})");
    ASSERT_TRUE(asked && std::holds_alternative<cancel_command>(*asked));
    EXPECT_EQ(std::get<cancel_command>(*asked).generation_id, "gen_1");
    EXPECT_EQ(code_of(say(dialogue, R"({"type":"cancel","id":"x","payload":{"id":"gone"}})")), 404);
    source.log->end({});
    fill(dialogue);
    EXPECT_TRUE(say(dialogue, chat).empty());
  });
}

TEST_F(chat_dialogue_test, shows_tool_calls_and_rewinds) {
  on_worker([&] {
    async::wakeup growth(workers[0].get_executor());
    chat_dialogue dialogue(chat_dialect::full, limits);
    const auto source = make_source();
    std::string out;
    frame_batch batch(out);
    dialogue.open(std::nullopt, source, 0, growth, batch);
    std::string fragment;
    generation::encode_tool_call(
        fragment, {.index = 1, .id = "c1", .name = "f", .arguments = "{\"a", .extensions = R"({"x":1})"});
    source.log->append(delta_kind::tool_call, fragment);
    source.log->append(delta_kind::extension, "{}");
    source.log->append(delta_kind::rewind,
                       generation::encode_rewind({.keep_text = 1, .keep_tool_calls = {0, 2}, .reason = "lost"}));
    const auto frames = fill(dialogue);
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(json::serialize(frames[0].at("payload")),
              R"({"index":1,"tool_call_id":"c1","name":"f","arguments":"{\"a","extensions":{"x":1}})");
    EXPECT_EQ(json::serialize(frames[1].at("payload")),
              R"({"keep":{"text":1,"reasoning":0,"tool_calls":[0,2]},"reason":"lost"})");
  });
}

}  // namespace
}  // namespace sluice::gateway
