#include "bench/llmsim/answer_stream.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "bench/llmsim/openai_chat.hpp"

namespace sluice::bench {

namespace {

constexpr std::string_view stream_head =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nCache-Control: no-cache\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view last_chunk = "0\r\n\r\n";
constexpr nanoseconds_t nanoseconds_per_ms = 1'000'000;
constexpr std::size_t endless_line_packet_bytes = 16384;
constexpr std::size_t tool_fragment_bytes = 7;

void append_chunk(std::string& to, std::string_view data) {
  fmt::format_to(std::back_inserter(to), "{:x}\r\n", data.size());
  to += data;
  to += "\r\n";
}

std::vector<tool_call> make_tool_calls(const chat_request& request) {
  std::vector<tool_call> calls;
  for (std::uint32_t i = 0; i < request.plan.tools; ++i)
    calls.push_back({.index = i,
                     .id = fmt::format("call_{:016x}_{}", request.seed, i),
                     .name = fmt::format("tool_{}", i),
                     .arguments = fmt::format(R"({{"city":"Zürich \"{}\"","seed":"{:x}"}})", i, request.seed)});
  return calls;
}

// Changes one letter and keeps the token's length.
std::string altered(std::string_view token) {
  std::string wrong(token);
  wrong.back() = wrong.back() == '#' ? '*' : '#';
  return wrong;
}

}  // namespace

answer_stream::answer_stream(chat_request request, std::unique_ptr<face> words, bool faulty)
    : request_(std::move(request)),
      face_(std::move(words)),
      fault_(faulty ? request_.plan.fault : fault_kind::none),
      reasoning_(request_.plan, answer_text::part::reasoning, request_.seed, request_.user_message),
      text_(request_.plan, answer_text::part::text, request_.seed, request_.user_message),
      tools_(make_tool_calls(request_)) {}

nanoseconds_t answer_stream::headers_delay() const {
  const nanoseconds_t delay = request_.plan.headers_ms * nanoseconds_per_ms;
  if (request_.stream) return delay;
  // A whole answer comes when its last token would have come.
  return delay + request_.plan.first_token_ms * nanoseconds_per_ms +
         token_delay(request_.plan.tokens + request_.plan.reasoning);
}

nanoseconds_t answer_stream::token_delay(std::uint32_t tokens) const {
  return request_.plan.rate > 0
             ? static_cast<nanoseconds_t>(tokens * static_cast<double>(nanoseconds_per_second) / request_.plan.rate)
             : 0;
}

token_usage answer_stream::usage() const {
  // About four bytes a token, as a rule of thumb has it; what counts is that it is the same every time.
  return {.input = static_cast<std::uint32_t>(request_.user_message.size() / 4 + 1),
          .output = reasoning_.given() + text_.given(),
          .reasoning = reasoning_.given()};
}

packet_step answer_stream::next(std::string& to) {
  switch (stage_) {
    case stage::refusal:
      return refusal(to);
    case stage::head:
      return request_.stream ? head(to) : whole(to);
    case stage::ending:
      return strikes_here() ? strike(to) : ending(to);
    default:
      return events(to);
  }
}

packet_step answer_stream::refusal(std::string& to) {
  struck_ = true;
  switch (fault_) {
    case fault_kind::status:
      return error_response(to);
    case fault_kind::refuse:
      return {.then = after_packet::close};
    case fault_kind::stall:
      return {.then = after_packet::stall};
    case fault_kind::stall_headers:
      to += stream_head.substr(0, 40);
      return {.then = after_packet::stall};
    case fault_kind::garbage_http:
      to += "\x16\x03\x01 this is not HTTP\r\n\r\n";
      return {.then = after_packet::close};
    default:
      break;
  }
  // The connection itself slows the head down; it sees the fault in the plan.
  struck_ = fault_ == fault_kind::slow_headers;
  stage_ = stage::head;
  return next(to);
}

packet_step answer_stream::error_response(std::string& to) {
  const int status = request_.plan.status;
  const std::string body = openai_error_body(status, fmt::format("Simulated error {}", status));
  to += fmt::format("HTTP/1.1 {} Simulated\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", status,
                    body.size());
  if (status == 429 || status == 503) to += fmt::format("retry-after: {}\r\n", request_.plan.retry_after);
  if (status == 429) to += "x-ratelimit-limit-requests: 10\r\nx-ratelimit-remaining-requests: 0\r\n";
  to += "x-request-id: req_sim\r\n\r\n" + body;
  return {.then = after_packet::complete};
}

packet_step answer_stream::head(std::string& to) {
  to += stream_head;
  stage_ = stage::first;
  if (request_.plan.first_token_ms > 0) return {.delay = request_.plan.first_token_ms * nanoseconds_per_ms};
  return next(to);
}

packet_step answer_stream::events(std::string& to) {
  events_.clear();
  packet_step step;
  if (stage_ == stage::first) {
    face_->begin(events_);
    append_chunk(to, events_);
    stage_ = stage::reasoning;
    return {.delay = token_delay(1)};
  }
  const std::uint32_t before = tokens_sent_;
  for (std::uint32_t i = 0; i < request_.plan.batch && stage_ != stage::ending; ++i) {
    if (strikes_here()) {
      if (!events_.empty()) break;  // the fault comes in a packet of its own, or instead of one
      return strike(to);
    }
    event(events_);
  }
  if (!events_.empty()) append_chunk(to, events_);
  if (stage_ == stage::ending && events_.empty()) return next(to);
  step.delay = token_delay(tokens_sent_ - before);
  return step;
}

void answer_stream::event(std::string& to) {
  if (stage_ == stage::reasoning && reasoning_.ended()) stage_ = stage::text;
  if (stage_ == stage::text && text_.ended()) stage_ = stage::tools;
  if (stage_ == stage::tools && tool_ == tools_.size()) stage_ = stage::ending;
  if (stage_ == stage::reasoning) {
    face_->reasoning(to, reasoning_.next());
    ++tokens_sent_;
  } else if (stage_ == stage::text) {
    text_event(to);
  } else if (stage_ == stage::tools) {
    tools_event(to);
  }
}

void answer_stream::text_event(std::string& to) {
  const bool here = text_.given() == std::min(request_.plan.after, request_.plan.tokens - 1);
  const std::string_view token = text_.next();
  const fault_kind fault = here ? fault_ : fault_kind::none;
  struck_ = struck_ || fault == fault_kind::alter || fault == fault_kind::drop || fault == fault_kind::repeat;
  ++tokens_sent_;
  if (fault == fault_kind::drop) return;
  face_->text(to, fault == fault_kind::alter ? altered(token) : std::string(token));
  if (fault == fault_kind::repeat) face_->text(to, token);
}

void answer_stream::tools_event(std::string& to) {
  const tool_call& call = tools_[tool_];
  if (tool_argument_ == SIZE_MAX) {
    face_->tool_call_begin(to, call);
    tool_argument_ = 0;
    return;
  }
  // A fragment ends between characters, as JSON must.
  std::size_t end = std::min(tool_argument_ + tool_fragment_bytes, call.arguments.size());
  while (end < call.arguments.size() && (static_cast<unsigned char>(call.arguments[end]) & 0xC0U) == 0x80U)
    ++end;
  face_->tool_call_arguments(to, call, std::string_view(call.arguments).substr(tool_argument_, end - tool_argument_));
  tool_argument_ = end;
  if (end < call.arguments.size()) return;
  ++tool_;
  tool_argument_ = SIZE_MAX;
}

packet_step answer_stream::ending(std::string& to) {
  events_.clear();
  const bool calls_tools = !tools_.empty() && request_.plan.finish == "stop";
  face_->finish(events_, calls_tools ? "tool_calls" : request_.plan.finish, usage());
  if (fault_ != fault_kind::no_done) face_->done(events_);
  append_chunk(to, events_);
  to += last_chunk;
  struck_ = struck_ || fault_ == fault_kind::no_done;
  return {.then = after_packet::complete};
}

bool answer_stream::strikes_here() const {
  if (struck_ || (tokens_sent_ < request_.plan.after && stage_ != stage::ending)) return false;
  switch (fault_) {
    case fault_kind::stall_stream:
    case fault_kind::cut:
    case fault_kind::cut_clean:
    case fault_kind::cut_event:
    case fault_kind::cut_reset:
    case fault_kind::endless_line:
    case fault_kind::error_event:
    case fault_kind::not_json:
    case fault_kind::invalid_utf8:
      return true;
    default:
      return false;
  }
}

packet_step answer_stream::strike(std::string& to) {
  // The endless line strikes again and again.
  struck_ = fault_ != fault_kind::endless_line;
  events_.clear();
  switch (fault_) {
    case fault_kind::stall_stream:
      return {.then = after_packet::stall};
    case fault_kind::cut:
      return {.then = after_packet::close};
    case fault_kind::cut_reset:
      return {.then = after_packet::reset};
    case fault_kind::cut_clean:
      to += last_chunk;
      return {.then = after_packet::complete};
    case fault_kind::cut_event:
      face_->text(events_, " cut");
      append_chunk(to, events_);
      to.resize(to.size() - events_.size() / 2);
      return {.then = after_packet::close};
    case fault_kind::endless_line:
      append_chunk(to, "data: " + std::string(endless_line_packet_bytes, 'a'));
      return {};
    case fault_kind::error_event:
      face_->error_event(events_);
      append_chunk(to, events_);
      to += last_chunk;
      return {.then = after_packet::complete};
    case fault_kind::not_json:
      append_chunk(to, "data: {\"choices\":[{\"delta\":{\"content\": oops\n\n");
      return {};
    default:
      face_->text(events_, "\xE4\xB8");
      append_chunk(to, events_);
      return {};
  }
}

packet_step answer_stream::whole(std::string& to) {
  whole_answer answer{.reasoning = reasoning_.rest(), .tool_calls = tools_};
  while (!text_.ended()) {
    const bool here = text_.given() == std::min(request_.plan.after, request_.plan.tokens - 1);
    const std::string_view token = text_.next();
    if (here && fault_ == fault_kind::drop) continue;
    answer.text += here && fault_ == fault_kind::alter ? altered(token) : std::string(token);
    if (here && fault_ == fault_kind::repeat) answer.text += token;
  }
  tokens_sent_ = reasoning_.given() + text_.given();
  answer.usage = usage();
  answer.finish_reason = !tools_.empty() && request_.plan.finish == "stop" ? "tool_calls" : request_.plan.finish;
  std::string body = face_->whole(answer);
  if (fault_ == fault_kind::not_json) body.resize(body.size() / 2);
  to += fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", body.size(),
                    body);
  return cut_whole(to);
}

packet_step answer_stream::cut_whole(std::string& to) {
  struck_ = fault_ != fault_kind::none;
  const std::size_t half = to.size() - to.size() / 4;
  switch (fault_) {
    case fault_kind::stall_stream:
      to.resize(half);
      return {.then = after_packet::stall};
    case fault_kind::cut:
    case fault_kind::cut_clean:
    case fault_kind::cut_event:
      to.resize(half);
      return {.then = after_packet::close};
    case fault_kind::cut_reset:
      to.resize(half);
      return {.then = after_packet::reset};
    default:
      return {.then = after_packet::complete};
  }
}

}  // namespace sluice::bench
