#include "agent/conversations.hpp"

#include <gmock/gmock.h>

#include "agent/agent_testing.hpp"
#include "agent/stored_answer.hpp"

namespace sluice::agent {
namespace {

using namespace std::chrono_literals;

using testing::ElementsAre;

// Remembers what it was asked, and answers with the count of it.
class listening_provider final : public provider {
 public:
  std::string_view name() const override { return "mock"; }
  task<result<void>> generate(const generation::request& asked, std::string_view, provider_output& out) override {
    std::vector<std::string> said;
    for (const generation::message& one : asked.messages)
      said.push_back(std::string(to_string(one.role)) + ": " + text_of(one));
    heard.push_back(said);
    out.append(generation::delta_kind::reasoning, "hm");
    out.append(generation::delta_kind::text, "answer " + std::to_string(heard.size()));
    out.finish_choice({});
    if (stalls) {
      steady_timer never(co_await asio::this_coro::executor, 1h);
      co_await never.async_wait(use_task);
    }
    co_return result<void>{};
  }

  std::vector<std::vector<std::string>> heard;
  std::atomic<bool> stalls = false;
};

class conversations_test : public agent_fixture {
 protected:
  conversations_test() { build({provider_}, {.grace = 200ms}); }

  start_request say(std::string text, const std::string& conversation, std::optional<std::string> parent = {}) {
    start_request asked = ask(std::move(text));
    asked.conversation_id = conversation;
    asked.parent_id = std::move(parent);
    return asked;
  }
  conversation_tree tree(const std::string& id) {
    auto read = on_worker(stored->read_conversation(me, id, "", 1000));
    EXPECT_TRUE(read);
    return read ? std::move(*read) : conversation_tree{};
  }

  const caller me{.user_id = "usr_1", .key_id = {}};
  const caller other{.user_id = "usr_2", .key_id = {}};
  const std::shared_ptr<listening_provider> provider_ = std::make_shared<listening_provider>();
};

TEST_F(conversations_test, a_conversation_goes_on) {
  start_request first = say("first\nline", "new");
  first.system = "be kind";
  EXPECT_EQ(answer_to(std::move(first)), "answer 1");
  const std::string id = last.conversation_id;
  EXPECT_EQ(answer_to(say("second", id)), "answer 2");
  EXPECT_THAT(provider_->heard[1],
              ElementsAre("system: be kind", "user: first\nline", "assistant: answer 1", "user: second"));
  const conversation_tree read = tree(id);
  EXPECT_EQ(read.about.title, "first");
  ASSERT_EQ(read.messages.size(), 4U);
  for (std::size_t i = 1; i < 4; ++i)
    EXPECT_EQ(read.messages[i].parent_id, read.messages[i - 1].id);
  EXPECT_EQ(read.messages[3].id, last.message_id);
  EXPECT_EQ(read.messages[3].status, message_status::completed);
  EXPECT_EQ(read.messages[3].model, "mock");
  EXPECT_TRUE(read.messages[3].usage);
  ASSERT_EQ(read.messages[3].content.size(), 2U);
  EXPECT_EQ(std::get<generation::reasoning_part>(read.messages[3].content[0].what).text, "hm");
}

TEST_F(conversations_test, a_search_of_much_gives_others_their_turn) {
  answer_to(say("small, with a needle", "new"));
  const std::string small = last.conversation_id;
  answer_to(say("large " + std::string(900'000, 'x'), "new"));
  const std::string large = last.conversation_id;
  for (int turn = 0; turn < 3; ++turn)
    answer_to(say(std::string(900'000, 'x'), large));
  answer_to(say("and here the NEEDLE", large));
  const auto reads = database->activity().reads;
  const auto found = on_worker(stored->list_conversations(me, {.query = "needle"}));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->conversations.size(), 2U);
  EXPECT_EQ(found->conversations[0].id, large);
  EXPECT_EQ(found->conversations[1].id, small);
  EXPECT_EQ(found->next, "");
  EXPECT_GE(database->activity().reads - reads, 3U);

  // By pages of one: each goes on behind the last, and the end is known.
  const auto first = on_worker(stored->list_conversations(me, {.query = "needle", .limit = 1}));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->conversations[0].id, large);
  const auto second = on_worker(stored->list_conversations(me, {.query = "needle", .cursor = first->next, .limit = 1}));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->conversations[0].id, small);
  const auto end = on_worker(stored->list_conversations(me, {.query = "needle", .cursor = second->next, .limit = 1}));
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->conversations.empty());
  EXPECT_EQ(end->next, "");
  EXPECT_TRUE(on_worker(stored->list_conversations(other, {.query = "needle"}))->conversations.empty());
}

TEST_F(conversations_test, branches_and_edits_see_their_own_way_only) {
  answer_to(say("a", "new"));
  const std::string id = last.conversation_id;
  const std::string first_answer = last.message_id;
  answer_to(say("b", id));
  answer_to(say("c", id, first_answer));
  EXPECT_THAT(provider_->heard[2], ElementsAre("user: a", "assistant: answer 1", "user: c"));
  answer_to(say("d", id));  // the newest branch goes on
  EXPECT_THAT(provider_->heard[3],
              ElementsAre("user: a", "assistant: answer 1", "user: c", "assistant: answer 3", "user: d"));
  answer_to(say("A", id, ""));
  EXPECT_THAT(provider_->heard[4], ElementsAre("user: A"));
  const auto refused = on_worker(subject->start(say("x", id, "msg_unknown")));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().param, "parent_id");
  EXPECT_EQ(tree(id).messages.size(), 10U);
}

TEST_F(conversations_test, two_at_once_are_siblings) {
  answer_to(say("a", "new"));
  const std::string id = last.conversation_id;
  provider_->stalls = true;
  const auto one = on_worker(subject->start(say("b", id)));
  const auto two = on_worker(subject->start(say("c", id)));
  ASSERT_TRUE(one && two);
  const auto onto = on_worker(subject->start(say("d", id, one->message_id)));
  ASSERT_FALSE(onto);
  EXPECT_EQ(onto.error().reason, error_reason::conflict);
  for (const auto& begun : {*one, *two}) {
    EXPECT_TRUE(on_worker(subject->cancel(me, begun.generation_id)));
    on_worker(read_all(log_of(begun.generation_id)));
  }
  EXPECT_THAT(provider_->heard[2], ElementsAre("user: a", "assistant: answer 1", "user: c"));
  const conversation_tree read = tree(id);
  ASSERT_EQ(read.messages.size(), 6U);
  EXPECT_EQ(read.messages[2].parent_id, read.messages[4].parent_id);
  EXPECT_EQ(read.messages[5].status, message_status::cancelled);
  EXPECT_EQ(std::get<generation::text_part>(read.messages[5].content[1].what).text, "answer 3");
}

TEST_F(conversations_test, what_is_anothers_does_not_exist) {
  answer_to(say("secret", "new"));
  const std::string id = last.conversation_id;
  start_request theirs = say("x", id);
  theirs.who = other;
  EXPECT_EQ(on_worker(subject->start(std::move(theirs))).error().reason, error_reason::not_found);
  EXPECT_EQ(on_worker(stored->read_conversation(other, id, "", 10)).error().reason, error_reason::not_found);
  EXPECT_EQ(on_worker(stored->change_conversation(other, id, {.title = "mine"})).error().reason,
            error_reason::not_found);
  EXPECT_EQ(on_worker(stored->delete_conversation(other, id)).error().reason, error_reason::not_found);
  EXPECT_EQ(on_worker(stored->read_generation(other, last.generation_id)).error().reason, error_reason::not_found);
  EXPECT_TRUE(on_worker(stored->list_conversations(other, {}))->conversations.empty());
  restart();
  EXPECT_EQ(on_worker(subject->follow(other, last.generation_id, 0)).error().reason, error_reason::not_found);
  EXPECT_EQ(on_worker(stored->read_generation(other, last.generation_id)).error().reason, error_reason::not_found);
  EXPECT_EQ(tree(id).messages.size(), 2U);
}

TEST_F(conversations_test, deleting_cancels_what_runs_and_keeps_the_usage) {
  provider_->stalls = true;
  const auto begun = on_worker(subject->start(say("a", "new")));
  ASSERT_TRUE(begun);
  const auto log = log_of(begun->generation_id);
  EXPECT_TRUE(on_worker(stored->delete_conversation(me, begun->conversation_id)));
  on_worker(read_all(log));
  EXPECT_EQ(log->ending().status, generation::status::cancelled);
  EXPECT_EQ(on_worker(stored->read_conversation(me, begun->conversation_id, "", 10)).error().reason,
            error_reason::not_found);
  EXPECT_EQ(on_worker(subject->start(say("b", begun->conversation_id))).error().reason, error_reason::not_found);
  EXPECT_EQ(on_worker(stored->delete_conversation(me, begun->conversation_id)).error().reason, error_reason::not_found);
  const auto used = on_worker(stored->read_usage(me, "2020-01-01", "2020-12-31"));
  EXPECT_TRUE(used && used->empty());
  restart();
  EXPECT_EQ(on_worker(stored->read_generation(me, begun->generation_id))->status, "cancelled");
}

TEST_F(conversations_test, an_ended_answer_is_resumed_from_the_record) {
  answer_to(say("a", "new"));
  const auto whole = log_of(last.generation_id);
  restart();
  EXPECT_EQ(interrupted, 0U);
  const auto again = on_worker(subject->follow(me, last.generation_id, whole->last_number()));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->about.conversation_id, last.conversation_id);
  EXPECT_EQ(again->about.message_id, last.message_id);
  EXPECT_EQ(again->log->at(0).kind(), generation::delta_kind::rewind);
  EXPECT_GT(again->log->at(0).number, whole->last_number());
  EXPECT_EQ(on_worker(read_all(again->log)), "answer 1");
  EXPECT_EQ(again->log->ending().usage, whole->ending().usage);
  EXPECT_EQ(on_worker(subject->follow(me, last.generation_id, 0))->log->last_number(), again->log->last_number());
  EXPECT_EQ(on_worker(subject->follow(me, last.generation_id, again->log->last_number() + 1)).error().reason,
            error_reason::invalid_argument);
  EXPECT_TRUE(on_worker(subject->cancel(me, last.generation_id)));
}

TEST_F(conversations_test, what_a_crash_left_is_interrupted_once) {
  provider_->stalls = true;
  const auto begun = on_worker(subject->start(say("a", "new")));
  ASSERT_TRUE(begun);
  restart();
  EXPECT_EQ(interrupted, 1U);
  const conversation_tree read = tree(begun->conversation_id);
  ASSERT_EQ(read.messages.size(), 2U);
  EXPECT_EQ(read.messages[1].status, message_status::interrupted);
  EXPECT_EQ(read.about.live_generation_id, "");
  const auto again = on_worker(subject->follow(me, begun->generation_id, 0));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->log->ending().status, generation::status::failed);
  EXPECT_EQ(on_worker(stored->read_generation(me, begun->generation_id))->status, "interrupted");
  restart();
  EXPECT_EQ(interrupted, 0U);
  const auto day = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  const std::string today = fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(day)));
  const auto used = on_worker(stored->read_usage(me, today, today));
  ASSERT_TRUE(used);
  ASSERT_EQ(used->size(), 1U);
  EXPECT_EQ(used->front().requests, 1U);
  EXPECT_EQ(used->front().failed, 1U);
  provider_->stalls = false;
  EXPECT_EQ(answer_to(say("go on", begun->conversation_id)), "answer 2");
}

TEST_F(conversations_test, one_turn_is_stored_nowhere_but_in_the_usage) {
  answer_to(ask("hello"));
  EXPECT_EQ(last.conversation_id, "");
  restart();
  EXPECT_EQ(on_worker(subject->follow(me, last.generation_id, 0)).error().reason, error_reason::not_found);
  const auto record = on_worker(stored->read_generation(me, last.generation_id));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->status, "completed");
  EXPECT_EQ(record->text, "");
  EXPECT_TRUE(on_worker(stored->list_conversations(me, {}))->conversations.empty());
}

TEST_F(conversations_test, lists_searches_and_changes) {
  std::vector<std::string> ids;
  for (const char* text : {"Apples 50% off", "Pears_and more", "Plums\nwith a hidden Apple"}) {
    answer_to(say(text, "new"));
    ids.push_back(last.conversation_id);
  }
  const auto find = [&](list_conversations_request asked) {
    std::vector<std::string> titles;
    for (const conversation_card& one : on_worker(stored->list_conversations(me, std::move(asked)))->conversations)
      titles.push_back(one.title);
    return titles;
  };
  EXPECT_THAT(find({}), ElementsAre("Plums", "Pears_and more", "Apples 50% off"));
  EXPECT_THAT(find({.query = "apple"}), ElementsAre("Plums", "Apples 50% off"));
  EXPECT_THAT(find({.query = "apple hidden"}), ElementsAre("Plums"));
  EXPECT_THAT(find({.query = "0%"}), ElementsAre("Apples 50% off"));
  EXPECT_THAT(find({.query = "s_a"}), ElementsAre("Pears_and more"));
  EXPECT_THAT(find({.query = "'; DROP TABLE messages; --"}), ElementsAre());
  const auto page = on_worker(stored->list_conversations(me, {.limit = 2}));
  ASSERT_FALSE(page->next.empty());
  EXPECT_THAT(find({.cursor = page->next, .limit = 2}), ElementsAre("Apples 50% off"));
  for (const char* bad : {"x", "1", "-1.x", "99999999999999999999.x"})
    EXPECT_EQ(on_worker(stored->list_conversations(me, {.cursor = bad})).error().param, "cursor") << bad;
  EXPECT_EQ(on_worker(stored->list_conversations(me, {.limit = 201})).error().param, "limit");
  EXPECT_EQ(on_worker(stored->list_conversations(me, {.query = "a b c d e f g h i"})).error().param, "query");

  EXPECT_EQ(on_worker(stored->change_conversation(me, ids[0], {.title = "  Renamed ü  "}))->title, "Renamed ü");
  for (const std::string& bad : {std::string(" "), std::string("a\nb"), std::string(201, 'x'), std::string("\xff")})
    EXPECT_EQ(on_worker(stored->change_conversation(me, ids[0], {.title = bad})).error().param, "title") << bad;
  EXPECT_TRUE(on_worker(stored->change_conversation(me, ids[0], {.archived = true}))->archived);
  EXPECT_THAT(find({.archived = true}), ElementsAre("Renamed ü"));
  EXPECT_EQ(find({}).size(), 2U);
}

TEST_F(conversations_test, usage_is_asked_for_by_days) {
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"", "2026-01-01"}, {"2026-02-30", "2026-03-01"}, {"2026-1-1", "2026-01-02"}, {"0000-00-00", "2026-01-01"}})
    EXPECT_EQ(on_worker(stored->read_usage(me, from, to)).error().param, "from") << from;
  EXPECT_EQ(on_worker(stored->read_usage(me, "2026-01-02", "2026-01-01")).error().param, "to");
  EXPECT_EQ(on_worker(stored->read_usage(me, "2025-01-01", "2026-01-02")).error().param, "to");
}

}  // namespace
}  // namespace sluice::agent
