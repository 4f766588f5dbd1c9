#include "agent/conversation_turn.hpp"

#include <gtest/gtest.h>

#include "base/utf8.hpp"

namespace sluice::agent {
namespace {

using generation::message;
using generation::role;

message says(role who, std::string text) {
  return {.role = who, .parts = {{generation::text_part{std::move(text)}}}};
}
message calls(std::string id) {
  return {.role = role::assistant, .parts = {{generation::tool_call_part{.id = std::move(id), .name = "f"}}}};
}
message tells(std::string id) {
  return {.role = role::tool, .parts = {{generation::tool_result_part{.tool_call_id = std::move(id)}}}};
}
std::string title_of(std::string text) {
  return make_title({{.id = "", .said = says(role::user, std::move(text))}});
}
std::string roles_of(const generation::request& asked) {
  std::string roles;
  for (const message& one : asked.messages)
    roles += to_string(one.role).front();
  return roles;
}
generation::request asks(std::vector<message> said) {
  generation::request asked;
  asked.messages = std::move(said);
  return asked;
}

TEST(conversation_turn, titles_are_the_first_line_cut_between_words) {
  EXPECT_EQ(title_of("Hello"), "Hello");
  EXPECT_EQ(title_of("  \n\t Hello \t  there\r\nand more"), "Hello there");
  EXPECT_EQ(title_of(" \n "), "New conversation");
  EXPECT_EQ(title_of("a\u202Elive\u2069"), "alive");
  EXPECT_EQ(title_of("Tell me about the history of bridges in Prague and how they were financed"),
            "Tell me about the history of bridges in Prague and how they…");
  const std::string exact(60, 'x');
  EXPECT_EQ(title_of(exact), exact);
  EXPECT_EQ(title_of(exact + "x"), exact + "…");
  std::string emoji;
  for (int i = 0; i < 100; ++i)
    emoji += "🙂";
  EXPECT_TRUE(is_valid_utf8(title_of(emoji)));
  EXPECT_EQ(count_code_points(title_of(emoji)), 61U);
}

TEST(conversation_turn, says_what_cannot_be_added) {
  start_request asked{.request = asks({says(role::user, "Hi")}), .conversation_id = "new"};
  const auto begun = make_turn(asked, {});
  ASSERT_TRUE(begun);
  EXPECT_TRUE(begun->begins_conversation);
  EXPECT_TRUE(begun->conversation_id.starts_with("conv_"));
  asked.parent_id = "msg_1";
  EXPECT_EQ(make_turn(asked, {}).error().param, "parent_id");
  asked.parent_id.reset();
  asked.request.messages.push_back(says(role::assistant, "x"));
  EXPECT_EQ(make_turn(asked, {}).error().param, "messages");
  asked.request.messages.pop_back();
  asked.conversation_id = "conv_nonsense";
  EXPECT_EQ(make_turn(asked, {}).error().reason, error_reason::not_found);
}

TEST(conversation_turn, puts_prompt_and_history_before_the_question) {
  generation::request asked = asks({says(role::user, "3")});
  add_history(asked, "be brief", {says(role::user, "1"), says(role::assistant, "2")}, 10'000);
  EXPECT_EQ(roles_of(asked), "suau");
  asked = asks({says(role::user, "3")});
  add_history(asked, "", {says(role::user, "1"), message{.role = role::assistant}}, 10'000);
  EXPECT_EQ(roles_of(asked), "uu");  // an answer that was never begun is not sent
}

TEST(conversation_turn, drops_the_oldest_whole_turns) {
  std::vector<message> history;
  for (int i = 0; i < 10; ++i) {
    history.push_back(says(role::user, std::string(84, 'q')));
    history.push_back(says(role::assistant, std::string(84, 'a')));
  }
  generation::request asked = asks({says(role::user, "now")});
  add_history(asked, "system", history, 450);  // two turns of 200 and the prompt
  EXPECT_EQ(roles_of(asked), "suauau");
  asked = asks({says(role::user, "now")});
  add_history(asked, "system", history, 0);
  EXPECT_EQ(roles_of(asked), "su");
  // A path that was cut in the middle of a turn begins with the next one.
  asked = asks({says(role::user, "now")});
  add_history(asked, "", {history.begin() + 1, history.end()}, 100'000);
  EXPECT_EQ(asked.messages.size(), 19U);
}

TEST(conversation_turn, results_stay_with_their_calls) {
  const std::vector<message> history = {says(role::user, std::string(500, 'q')), calls("c1")};
  generation::request asked = asks({tells("c1")});
  add_history(asked, "", history, 10);
  EXPECT_EQ(roles_of(asked), "uat");  // the turn that goes on is never cut
  asked = asks({says(role::user, "never mind")});
  add_history(asked, "", history, 10'000);
  EXPECT_EQ(roles_of(asked), "uu");  // nobody answered the call
  asked = asks({says(role::user, "next")});
  std::vector<message> answered = history;
  answered.push_back(tells("c1"));
  answered.push_back(says(role::assistant, "done"));
  add_history(asked, "", answered, 300);
  EXPECT_EQ(roles_of(asked), "u");
}

TEST(conversation_turn, vendor_fields_go_back_to_their_own_provider_only) {
  message answer{.role = role::assistant,
                 .parts = {{.what = generation::tool_call_part{.id = "c1"}, .extensions = {{"extra_content", 1}}}}};
  EXPECT_TRUE(has_vendor_fields(answer));
  answer.provider = "gemini";
  message said = says(role::user, "q");
  said.parts[0].extensions = {{"cache_control", 1}};
  std::vector<message> history = {answer, said};
  drop_vendor_fields_of_others(history, "gemini");
  EXPECT_TRUE(has_vendor_fields(history[0]));
  drop_vendor_fields_of_others(history, "another");
  EXPECT_FALSE(has_vendor_fields(history[0]));
  EXPECT_TRUE(has_vendor_fields(history[1]));  // what the user said is for whoever is asked
}

TEST(conversation_turn, signatures_are_for_the_provider_that_gave_them) {
  message answer{.role = role::assistant};
  answer.parts.push_back({generation::reasoning_part{.text = "hm", .signature = "sig"}});
  answer.parts.push_back({generation::reasoning_part{.redacted = "xyz"}});
  answer.parts.push_back({generation::vendor_part{.dialect = "anthropic"}});
  answer.parts.push_back({generation::text_part{"so"}});
  EXPECT_TRUE(has_vendor_fields(answer));
  answer.provider = "claude";
  std::vector<message> history = {answer};
  drop_vendor_fields_of_others(history, "claude");
  EXPECT_EQ(history[0].parts.size(), 4U);
  drop_vendor_fields_of_others(history, "another");
  ASSERT_EQ(history[0].parts.size(), 2U);
  EXPECT_FALSE(has_vendor_fields(history[0]));
  EXPECT_EQ(std::get<generation::reasoning_part>(history[0].parts[0].what).text, "hm");
}

TEST(conversation_turn, the_answer_has_its_share_of_the_context) {
  generation::request asked = asks({says(role::user, std::string(984, 'q'))});
  EXPECT_EQ(history_bytes_max(asked, 100'000), 400'000U - 4 * 4096U - 1000U);
  EXPECT_EQ(history_bytes_max(asked, 1000), 4000U - 1000U - 1000U);  // a quarter at the most
  asked.max_output_tokens = 10;
  EXPECT_EQ(history_bytes_max(asked, 1000), 4000U - 40U - 1000U);
  EXPECT_EQ(history_bytes_max(asked, 100), 0U);
}

}  // namespace
}  // namespace sluice::agent
