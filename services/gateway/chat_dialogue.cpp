#include "gateway/chat_dialogue.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "door/field_reader.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

// Text of neighbouring deltas joins in one frame up to this size, so that other streams of the socket get their turn.
constexpr std::uint64_t frame_text_bytes_max = 16 * 1024;

error unknown_type(std::string_view type) {
  return {.reason = error_reason::not_found,
          .message = fmt::format("there is no message type \"{}\"", clip(type, 64)),
          .param = "type"};
}

}  // namespace

std::optional<chat_command> chat_dialogue::receive(std::string_view text, frame_batch& out) {
  auto frame = parse_client_frame(text, limits_.json);
  if (!frame) {
    complain(find_request_id(text, limits_.json), frame.error(), out);
    return std::nullopt;
  }
  if (frame->type == "ping") {
    out.begin();
    append_pong(out.text(), frame->id, frame->payload);
    out.end();
    return std::nullopt;
  }
  if (frame->type == "chat") return receive_chat(*frame, out);
  if (dialect_ == chat_dialect::full && frame->type == "resume") return receive_resume(*frame, out);
  if (dialect_ == chat_dialect::full && frame->type == "cancel") return receive_cancel(*frame, out);
  complain(frame->id, unknown_type(frame->type), out);
  return std::nullopt;
}

std::optional<chat_command> chat_dialogue::receive_chat(client_frame& frame, frame_batch& out) {
  if (dialect_ == chat_dialect::basic) frame.id.reset();
  if (!frame.payload.is_object()) {
    complain(frame.id,
             {.reason = error_reason::invalid_argument,
              .message = R"(a chat needs a payload such as {"content":"Hello"})",
              .param = "payload"},
             out);
    return std::nullopt;
  }
  auto chat = parse_chat_payload(std::move(frame.payload.get_object()));
  if (chat && dialect_ == chat_dialect::basic && !chat->conversation_id.empty())
    chat =
        failure(error_reason::invalid_argument, "conversations are for the subprotocol sluice.v1", "conversation_id");
  if (!chat) {
    complain(frame.id, chat.error(), out);
    return std::nullopt;
  }
  if (!reserve(frame.id, out)) return std::nullopt;
  return start_command{.id = std::move(frame.id), .chat = std::move(*chat), .trace = std::move(frame.trace)};
}

std::optional<chat_command> chat_dialogue::receive_resume(const client_frame& frame, frame_batch& out) {
  resume_command asked{.id = frame.id, .generation_id = {}, .after = 0};
  std::optional<std::int64_t> after;
  std::optional<error> problem;
  if (frame.payload.is_object()) {
    field_reader fields(frame.payload.get_object(), "");
    fields.text("generation_id", asked.generation_id);
    fields.integer("after", after, 0);
    problem = fields.problem();
  }
  if (!problem && asked.generation_id.empty()) {
    problem = error{.reason = error_reason::invalid_argument,
                    .message = "a resume needs the generation_id that `started` named",
                    .param = "generation_id"};
  }
  if (problem) {
    complain(frame.id, *problem, out);
    return std::nullopt;
  }
  asked.after = static_cast<std::uint64_t>(after.value_or(0));
  if (!reserve(frame.id, out)) return std::nullopt;
  return asked;
}

std::optional<chat_command> chat_dialogue::receive_cancel(const client_frame& frame, frame_batch& out) const {
  cancel_command asked{.id = frame.id, .generation_id = {}};
  std::string request_id;
  std::optional<error> problem;
  if (frame.payload.is_object()) {
    field_reader fields(frame.payload.get_object(), "");
    fields.text("generation_id", asked.generation_id);
    fields.text("id", request_id);
    problem = fields.problem();
  }
  if (!problem && asked.generation_id.empty() && request_id.empty()) {
    problem = error{.reason = error_reason::invalid_argument,
                    .message = "a cancel needs generation_id, or the id of its request",
                    .param = "generation_id"};
  }
  if (!problem && asked.generation_id.empty()) {
    const auto named = std::ranges::find(streams_, std::optional(request_id), &stream::id);
    if (named == streams_.end()) {
      problem = error{
          .reason = error_reason::not_found, .message = "no live request on this socket has that id", .param = "id"};
    } else {
      asked.generation_id = named->about.generation_id;
    }
  }
  if (problem) {
    complain(frame.id, *problem, out);
    return std::nullopt;
  }
  return asked;
}

bool chat_dialogue::reserve(const std::optional<std::string>& id, frame_batch& out) {
  const bool taken = id && (std::ranges::find(pending_, id) != pending_.end() ||
                            std::ranges::find(streams_, id, &stream::id) != streams_.end());
  if (taken) {
    complain(id,
             {.reason = error_reason::conflict,
              .message = "a live request on this socket has that id already",
              .param = "id"},
             out);
    return false;
  }
  if (live() >= limits_.streams_max) {
    error refused{.reason = error_reason::rate_limited,
                  .message = fmt::format("{} answers are under way on this socket, which is the most at one time",
                                         limits_.streams_max)};
    refused.retry_after = std::chrono::seconds(1);
    complain(id, refused, out);
    return false;
  }
  pending_.push_back(id);
  return true;
}

void chat_dialogue::release(const std::optional<std::string>& id) {
  const auto place = std::ranges::find(pending_, id);
  if (place != pending_.end()) pending_.erase(place);
}

void chat_dialogue::open(const std::optional<std::string>& id, const agent::followed& source, std::uint64_t after,
                         async::wakeup& growth, frame_batch& out, telemetry::span trace) {
  release(id);
  // Who has the end already is told it again: every request ends in one.
  if (source.log->has_finish() && after != 0 && after == source.log->last_number()) --after;
  stream opened{.id = id,
                .about = source.about,
                .owner = frame_owner(id, source.about.generation_id),
                .reader = std::make_unique<generation::cursor>(source.log, after, growth),
                .trace = std::move(trace)};
  if (dialect_ == chat_dialect::full) {
    out.begin();
    append_started(out.text(), opened.owner, opened.about);
    out.end();
  }
  streams_.push_back(std::move(opened));
}

void chat_dialogue::refuse(const std::optional<std::string>& id, const error& problem, frame_batch& out) {
  release(id);
  complain(id, problem, out);
}

void chat_dialogue::complain(const std::optional<std::string>& id, const error& problem, frame_batch& out) const {
  out.begin();
  append_error(out.text(), dialect_ == chat_dialect::full ? id : std::nullopt, problem);
  out.end();
}

void chat_dialogue::fill(frame_batch& out, std::size_t bytes_max) {
  if (streams_.empty()) return;
  // Who was served last comes last the next time.
  const std::size_t share = std::max<std::size_t>(bytes_max / streams_.size(), 1);
  for (stream& one : streams_) {
    if (out.size() >= bytes_max) break;
    fill_from(one, out, std::min(bytes_max, out.size() + share));
  }
  std::erase_if(streams_, [](const stream& one) { return one.reader->finished(); });
  if (streams_.size() > 1) std::rotate(streams_.begin(), streams_.begin() + 1, streams_.end());
}

void chat_dialogue::fill_from(stream& from, frame_batch& out, std::size_t bytes_max) {
  const auto how = dialect_ == chat_dialect::full ? generation::merging::neighbours : generation::merging::none;
  const generation::log& source = from.reader->source();
  while (out.size() < bytes_max && !from.reader->finished()) {
    const auto found = from.reader->next(how, frame_text_bytes_max);
    if (!found) return;
    out.begin();
    bool shown = true;
    if (found->kind == generation::delta_kind::finish) {
      if (source.ending().problem) from.trace.fail(*source.ending().problem);
      append_done(out.text(), dialect_, from.owner, found->last, from.about.model, source.ending());
    } else {
      shown = append_delta(out.text(), dialect_, from.owner, from.about.model, source, *found);
    }
    if (shown) {
      out.end();
    } else {
      out.drop();
    }
  }
}

}  // namespace sluice::gateway
