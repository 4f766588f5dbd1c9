#include "agent/conversation_turn.hpp"

#include <algorithm>
#include <iterator>

#include <boost/json/serialize.hpp>

#include "base/ids.hpp"
#include "base/utf8.hpp"

namespace sluice::agent {
namespace {

using generation::content_part;
using generation::message;
using generation::role;

constexpr std::size_t title_characters_max = 60;
constexpr std::size_t title_characters_min = 20;  // a cut between words does not go below
constexpr std::uint64_t image_bytes = 1000 * bytes_per_token;
constexpr std::uint64_t message_bytes = 16;  // its role and the like
// What is left free for an answer whose length the request does not bound, but never more than a quarter.
constexpr std::uint64_t answer_tokens = 4096;

std::uint64_t size_of(const content_part& part);

struct part_size {
  std::uint64_t operator()(const generation::text_part& part) const { return part.text.size(); }
  std::uint64_t operator()(const generation::image_part&) const { return image_bytes; }
  std::uint64_t operator()(const generation::audio_part& part) const { return part.data.size(); }
  std::uint64_t operator()(const generation::file_part& part) const { return part.data.size(); }
  std::uint64_t operator()(const generation::reasoning_part&) const { return 0; }
  std::uint64_t operator()(const generation::refusal_part& part) const { return part.text.size(); }
  std::uint64_t operator()(const generation::tool_call_part& part) const {
    return part.name.size() + part.arguments.size();
  }
  std::uint64_t operator()(const generation::tool_result_part& part) const {
    std::uint64_t sum = 0;
    for (const content_part& one : part.content)
      sum += size_of(one);
    return sum;
  }
  std::uint64_t operator()(const generation::vendor_part& part) const {
    return boost::json::serialize(part.value).size();
  }
};

std::uint64_t size_of(const content_part& part) {
  const std::uint64_t vendor_fields = part.extensions.empty() ? 0 : boost::json::serialize(part.extensions).size();
  return std::visit(part_size{}, part.what) + vendor_fields;
}

bool is_content(const content_part& part) {
  return !std::holds_alternative<generation::reasoning_part>(part.what);
}

const std::string* result_id(const content_part& part) {
  const auto* const told = std::get_if<generation::tool_result_part>(&part.what);
  return told == nullptr ? nullptr : &told->tool_call_id;
}

// Providers refuse a call without its result: a user may have gone on without giving it.
void drop_unanswered_calls(std::vector<message>& messages) {
  for (std::size_t at = 0; at < messages.size(); ++at) {
    if (messages[at].role != role::assistant) continue;
    std::vector<std::string> answered;
    for (std::size_t next = at + 1; next < messages.size() && messages[next].role == role::tool; ++next) {
      for (const content_part& part : messages[next].parts) {
        if (const std::string* id = result_id(part)) answered.push_back(*id);
      }
    }
    std::erase_if(messages[at].parts, [&](const content_part& part) {
      const auto* const call = std::get_if<generation::tool_call_part>(&part.what);
      return call != nullptr && std::ranges::find(answered, call->id) == answered.end();
    });
  }
  std::erase_if(messages, [](const message& one) { return std::ranges::none_of(one.parts, is_content); });
}

// Where the newest turns begin that fit. A turn begins with what a user says; the one that `said` belongs to is kept.
std::size_t first_that_fits(const std::vector<message>& history, const std::vector<message>& said,
                            std::uint64_t bytes_max) {
  std::size_t first = history.size();
  bool is_kept = !said.empty() && said.front().role == role::tool;
  std::uint64_t used = 0;
  for (std::size_t at = history.size(); at-- > 0;) {
    used += context_bytes(history[at]);
    if (used > bytes_max && !is_kept) break;
    if (history[at].role != role::user) continue;
    first = at;
    is_kept = false;
  }
  return first;
}

}  // namespace

std::uint64_t context_bytes(const message& from) {
  std::uint64_t sum = message_bytes;
  for (const content_part& part : from.parts)
    sum += size_of(part);
  return sum;
}

result<new_turn> make_turn(const start_request& asked, time_point now) {
  new_turn turn{.who = asked.who,
                .conversation_id = asked.conversation_id,
                .begins_conversation = asked.conversation_id == "new",
                .title = {},
                .system = asked.system,
                .parent_id = asked.parent_id,
                .said = {},
                .answer_id = {},
                .generation_id = {},
                .model = {},
                .provider = {},
                .key = asked.key,
                .now = now};
  if (turn.begins_conversation) {
    turn.conversation_id = make_id("conv", now);
    if (turn.parent_id && !turn.parent_id->empty())
      return failure(error_reason::invalid_argument, "a new conversation has no messages to go on from", "parent_id");
  } else if (!is_id("conv", turn.conversation_id)) {
    return failure(error_reason::not_found, "there is no such conversation; \"new\" begins one", "conversation_id");
  }
  if (asked.request.choices.value_or(1) != 1)
    return failure(error_reason::invalid_argument, "a conversation goes on from one answer", "n");
  for (const message& one : asked.request.messages) {
    if (one.role != role::user && one.role != role::tool) {
      return failure(error_reason::invalid_argument,
                     "beside conversation_id, \"messages\" are those to be added, of role \"user\" or \"tool\"; the "
                     "history is added by the server",
                     "messages");
    }
    turn.said.push_back({.id = make_id("msg", now), .said = one});
  }
  turn.answer_id = make_id("msg", now);
  if (turn.begins_conversation) turn.title = make_title(turn.said);
  return turn;
}

std::string make_title(const std::vector<new_message>& said) {
  std::string text;
  for (const new_message& one : said) {
    for (const content_part& part : one.said.parts) {
      if (const auto* words = std::get_if<generation::text_part>(&part.what)) text += words->text + "\n";
    }
  }
  std::string title;
  std::size_t characters = 0;
  std::size_t last_space = std::string::npos;
  for (std::size_t at = 0; at < text.size();) {
    const auto lead = static_cast<unsigned char>(text[at]);
    if (lead <= ' ' || lead == 0x7F) {
      if (lead == '\n' && !title.empty()) break;
      if (!title.empty() && title.back() != ' ') {
        if (characters >= title_characters_min) last_space = title.size();
        title += ' ';
        ++characters;
      }
      ++at;
      continue;
    }
    if (begins_with_direction_control(std::string_view(text).substr(at))) {
      at += 3;
      continue;
    }
    if (characters >= title_characters_max) {
      title.resize(last_space == std::string::npos ? title.size() : last_space);
      return title + "…";
    }
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    title += text.substr(at, length);
    at += length;
    ++characters;
  }
  while (title.ends_with(' '))
    title.pop_back();
  return title.empty() ? "New conversation" : title;
}

std::uint64_t history_bytes_max(const generation::request& asked, std::uint64_t context_tokens) {
  const std::uint64_t answer = asked.max_output_tokens
                                   ? static_cast<std::uint64_t>(std::max<std::int64_t>(*asked.max_output_tokens, 0))
                                   : answer_tokens;
  std::uint64_t used = std::min(answer, context_tokens / 4) * bytes_per_token;
  for (const message& one : asked.messages)
    used += context_bytes(one);
  for (const generation::tool& tool : asked.tools) {
    used += tool.name.size() + tool.description.size() + boost::json::serialize(tool.parameters).size() +
            boost::json::serialize(tool.vendor).size() + boost::json::serialize(tool.extensions).size();
  }
  const std::uint64_t whole = context_tokens * bytes_per_token;
  return used < whole ? whole - used : 0;
}

bool has_vendor_fields(const message& answer) {
  return std::ranges::any_of(answer.parts, [](const content_part& part) {
    const auto* const thought = std::get_if<generation::reasoning_part>(&part.what);
    const auto* const call = std::get_if<generation::tool_call_part>(&part.what);
    return !part.extensions.empty() || std::holds_alternative<generation::vendor_part>(part.what) ||
           (thought != nullptr && !(thought->signature.empty() && thought->redacted.empty())) ||
           (call != nullptr && !call->signature.empty());
  });
}

void drop_vendor_fields_of_others(std::vector<message>& history, std::string_view provider) {
  for (message& one : history) {
    if (one.provider.empty() || one.provider == provider) continue;
    std::erase_if(one.parts, [](const content_part& part) {
      const auto* const thought = std::get_if<generation::reasoning_part>(&part.what);
      return std::holds_alternative<generation::vendor_part>(part.what) ||
             (thought != nullptr && !thought->redacted.empty());
    });
    for (content_part& part : one.parts) {
      part.extensions.clear();
      if (auto* const thought = std::get_if<generation::reasoning_part>(&part.what)) thought->signature.clear();
      if (auto* const call = std::get_if<generation::tool_call_part>(&part.what)) call->signature.clear();
    }
  }
  std::erase_if(history, [provider](const message& one) {
    return one.parts.empty() && !one.provider.empty() && one.provider != provider;
  });
}

void add_history(generation::request& asked, const std::string& system, std::vector<message> history,
                 std::uint64_t bytes_max) {
  bytes_max -= std::min<std::uint64_t>(bytes_max, system.size());
  std::vector<message> sent;
  const std::size_t first = first_that_fits(history, asked.messages, bytes_max);
  std::move(history.begin() + static_cast<std::ptrdiff_t>(first), history.end(), std::back_inserter(sent));
  std::ranges::move(asked.messages, std::back_inserter(sent));
  drop_unanswered_calls(sent);
  if (!system.empty()) sent.insert(sent.begin(), {.role = role::system, .parts = {{generation::text_part{system}}}});
  asked.messages = std::move(sent);
}

}  // namespace sluice::agent
