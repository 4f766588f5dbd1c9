#include "agent/conversations.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/stored_answer.hpp"
#include "agent/usage_ledger.hpp"
#include "base/ids.hpp"
#include "base/utf8.hpp"

namespace sluice::agent {
namespace {

constexpr std::uint32_t page_conversations_max = 200;
constexpr std::uint32_t page_messages_max = 1000;
constexpr std::size_t query_characters_max = 200;
constexpr std::size_t query_words_max = 8;
// A search that has looked for so long gives what it has found, and where it would go on.
constexpr std::chrono::milliseconds search_time_max{5'000};
constexpr std::size_t title_characters_max = 200;

std::unexpected<error> no_conversation() {
  return failure(error_reason::not_found, "there is no such conversation", "conversation_id");
}

result<void> check_limit(std::uint32_t limit, std::uint32_t most) {
  if (limit >= 1 && limit <= most) return {};
  return failure(error_reason::invalid_argument, fmt::format("\"limit\" must be between 1 and {}", most), "limit");
}

result<void> check_query(const std::string& query) {
  if (!is_valid_utf8(query) || count_code_points(query) > query_characters_max) {
    return failure(error_reason::invalid_argument,
                   fmt::format("\"query\" must be at most {} characters", query_characters_max), "query");
  }
  std::size_t words = 0;
  bool in_word = false;
  for (const char c : query) {
    const bool is_space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!is_space && !in_word) ++words;
    in_word = !is_space;
  }
  if (words <= query_words_max) return {};
  return failure(error_reason::invalid_argument, fmt::format("\"query\" must be at most {} words", query_words_max),
                 "query");
}

// Without the spaces around it.
result<std::string> check_title(const std::string& title) {
  const std::size_t begin = title.find_first_not_of(" \t\r\n");
  const std::string trimmed =
      begin == std::string::npos ? "" : title.substr(begin, title.find_last_not_of(" \t\r\n") + 1 - begin);
  bool has_control = false;
  for (std::size_t at = 0; at < trimmed.size(); ++at) {
    const char c = trimmed[at];
    if ((c >= 0 && c < ' ') || c == 0x7F || begins_with_direction_control(std::string_view(trimmed).substr(at)))
      has_control = true;
  }
  if (trimmed.empty() || has_control || !is_valid_utf8(trimmed) || count_code_points(trimmed) > title_characters_max) {
    return failure(error_reason::invalid_argument,
                   fmt::format("\"title\" must be one line of 1 to {} characters", title_characters_max), "title");
  }
  return trimmed;
}

generation_record describe(const live_generation& live) {
  const generation::message answer = read_answer(*live.log);
  generation_record about{.id = live.about.generation_id,
                          .status = "running",
                          .conversation_id = live.about.conversation_id,
                          .message_id = live.about.message_id,
                          .model = live.about.model,
                          .provider = live.about.provider,
                          .text = text_of(answer),
                          .reasoning = reasoning_of(answer),
                          .usage = std::nullopt,
                          .attempts = 1};
  if (!live.log->has_finish()) return about;
  const generation::finish& how = live.log->ending();
  about.status = to_string(how.status);
  about.provider = how.provider;
  about.usage = how.usage;
  about.attempts = how.attempts;
  return about;
}

message_status status_of(generation::status how) {
  switch (how) {
    case generation::status::completed:
      return message_status::completed;
    case generation::status::incomplete:
      return message_status::incomplete;
    case generation::status::cancelled:
      return message_status::cancelled;
    case generation::status::failed:
      return message_status::failed;
  }
  return message_status::failed;
}

// An answer that has ended is there for whoever has read its end, also while its record is on the way to the store.
void add_unrecorded(conversation_tree& tree, const ended_generations& unrecorded) {
  for (const auto& ended : unrecorded) {
    if (tree.about.live_generation_id == ended->id) tree.about.live_generation_id.clear();
    const auto message = std::ranges::find(tree.messages, ended->message_id, &stored_message::id);
    if (message == tree.messages.end()) continue;
    message->content = ended->answer.parts;
    message->status = status_of(ended->how.status);
    message->usage = ended->how.usage;
  }
}

}  // namespace

std::string_view to_string(message_status value) {
  switch (value) {
    case message_status::streaming:
      return "streaming";
    case message_status::completed:
      return "completed";
    case message_status::incomplete:
      return "incomplete";
    case message_status::cancelled:
      return "cancelled";
    case message_status::failed:
      return "failed";
    case message_status::interrupted:
      return "interrupted";
  }
  return "failed";
}

task<result<conversation_page>> conversations::list_conversations(caller who, list_conversations_request asked) {
  if (auto fine = check_limit(asked.limit, page_conversations_max); !fine)
    co_return std::unexpected(std::move(fine.error()));
  if (auto fine = check_query(asked.query); !fine) co_return std::unexpected(std::move(fine.error()));
  if (asked.query.find_first_not_of(" \t\r\n") != std::string::npos)
    co_return co_await search(std::move(who), std::move(asked));
  co_return co_await store_.list_conversations(std::move(who), std::move(asked));
}

task<result<conversation_page>> conversations::search(caller who, list_conversations_request asked) {
  const auto place = searches_.take(who.user_id);
  if (!place) co_return std::unexpected(place.error());
  const auto deadline = std::chrono::steady_clock::now() + search_time_max;
  conversation_search under_way(std::move(asked));
  // One conversation is looked through to its end in any case, so that asking again gets further.
  const std::string begun_at = under_way.place;
  while (!under_way.done && (under_way.place == begun_at || std::chrono::steady_clock::now() < deadline)) {
    auto further = co_await store_.search_further(who, std::move(under_way));
    if (!further) co_return std::unexpected(std::move(further.error()));
    under_way = std::move(*further);
  }
  // Who wants to know what lies behind asks again, from there.
  if (!under_way.done) under_way.found.next = under_way.place;
  co_return std::move(under_way.found);
}

task<result<conversation_tree>> conversations::read_conversation(caller who, std::string conversation_id,
                                                                 std::string cursor, std::uint32_t limit) {
  if (!is_id("conv", conversation_id)) co_return no_conversation();
  if (auto fine = check_limit(limit, page_messages_max); !fine) co_return std::unexpected(std::move(fine.error()));
  // Asked for first: what is stored meanwhile is read from there, what is not is not missed.
  const ended_generations unrecorded = generations_.unrecorded_of(conversation_id);
  auto tree = co_await store_.read_conversation(std::move(who), std::move(conversation_id), std::move(cursor), limit);
  if (tree) add_unrecorded(*tree, unrecorded);
  co_return tree;
}

task<result<conversation_card>> conversations::change_conversation(caller who, std::string conversation_id,
                                                                   conversation_change wanted) {
  if (!is_id("conv", conversation_id)) co_return no_conversation();
  if (wanted.title) {
    auto title = check_title(*wanted.title);
    if (!title) co_return std::unexpected(std::move(title.error()));
    wanted.title = std::move(*title);
  }
  co_return co_await store_.change_conversation(std::move(who), std::move(conversation_id), std::move(wanted));
}

task<result<void>> conversations::delete_conversation(caller who, std::string conversation_id) {
  if (!is_id("conv", conversation_id)) co_return no_conversation();
  const auto removed = co_await store_.remove_conversation(who, conversation_id);
  if (!removed) co_return std::unexpected(removed.error());
  generations_.drop_conversation(conversation_id);
  if (auto* const others = leases_.load()) others->on_conversation_dropped(std::move(conversation_id));
  co_return result<void>{};
}

task<result<generation_record>> conversations::read_generation(caller who, std::string generation_id) {
  if (const auto live = generations_.find_own(who, generation_id)) co_return describe(*live);
  if (!is_id("gen", generation_id)) {
    co_return failure(error_reason::not_found, fmt::format("there is no generation \"{}\"", clip(generation_id, 64)),
                      "generation_id");
  }
  auto read = co_await store_.read_generation(std::move(who), std::move(generation_id));
  if (!read) co_return std::unexpected(std::move(read.error()));
  read->about.text = text_of(read->answer);
  read->about.reasoning = reasoning_of(read->answer);
  co_return std::move(read->about);
}

task<result<std::vector<usage_row>>> conversations::read_usage(caller who, std::string from, std::string to) {
  const auto days = parse_days(from, to);
  if (!days) co_return std::unexpected(days.error());
  co_return co_await store_.read_usage(std::move(who), days->first, days->last);
}

}  // namespace sluice::agent
