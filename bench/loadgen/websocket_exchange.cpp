#include "bench/loadgen/websocket_exchange.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace sluice::bench {

bool websocket_exchange::speaks_full_dialect() const {
  return settings().face == client_face::ws_full || settings().face == client_face::ws_ping;
}

void websocket_exchange::open(std::string& out) {
  out += upgrade_request(settings().host, settings().path, settings().key, speaks_full_dialect() ? "sluice.v1" : "");
}

void websocket_exchange::append_message(std::string& out, std::string_view text) {
  append_frame(out, frame_kind::text, text, next_mask());
}

void websocket_exchange::feed(std::string& input, std::string& out) {
  // Whole frames are read where they are; only what is left over is kept.
  if (bytes_.empty()) {
    bytes_.swap(input);
  } else {
    bytes_ += input;
  }
  input.clear();
  if (!upgraded_) read_upgrade();
  if (!upgraded_) return;
  std::string_view rest(bytes_);
  while (failure().empty() && read_frame(rest, out)) {
  }
  bytes_.erase(0, bytes_.size() - rest.size());
}

void websocket_exchange::read_upgrade() {
  const std::size_t end = bytes_.find("\r\n\r\n");
  if (end == std::string::npos) return;
  if (!accepts_upgrade(std::string_view(bytes_).substr(0, end + 4))) return fail("no upgrade: " + bytes_);
  bytes_.erase(0, end + 4);
  upgraded_ = true;
  ready_ = !speaks_full_dialect();
}

bool websocket_exchange::read_frame(std::string_view& rest, std::string& out) {
  frame next;
  const frame_read read = take_frame(rest, next);
  if (read == frame_read::broken) fail("a frame is broken");
  if (read != frame_read::frame) return false;
  switch (next.kind) {
    case frame_kind::text:
    case frame_kind::continuation:
      if (next.last && fragments_.empty()) {
        message(next.payload);
      } else {
        fragments_ += next.payload;
        if (next.last) {
          message(fragments_);
          fragments_.clear();
        }
      }
      break;
    case frame_kind::ping:
      append_frame(out, frame_kind::pong, next.payload, next_mask());
      break;
    case frame_kind::pong:
      break;
    case frame_kind::close:
      fail(fmt::format("the server closed: {}", next.payload.substr(std::min<std::size_t>(2, next.payload.size()))));
      break;
    default:
      fail("a frame of a kind that does not belong here");
  }
  return true;
}

void websocket_chat::begin(std::string& out, std::uint64_t number) {
  const std::string text = user_message(number);
  checker_.emplace(settings().plan, text);
  busy_ = true;
  tokens_ = 0;
  sequence_ = 0;
  generation_id_.clear();
  id_ = speaks_full_dialect() ? fmt::format("r{}", number) : "";
  append_message(out, fmt::format(R"({{"type":"chat",{}"payload":{{"content":"{}","model":"{}"}}}})",
                                  id_.empty() ? "" : "\"id\":\"" + id_ + "\",", text, settings().model));
}

void websocket_chat::message(std::string_view text) {
  simdjson::dom::element document;
  if (!read_json(text, document)) return fail(fmt::format("a message is not JSON: {}", text));
  const std::string_view type = string_at(document["type"]);
  if (type == "hello") {
    ready_ = true;
    return;
  }
  if (!busy_) return fail(fmt::format("a message after the end: {}", text));
  if (type == "error") return fail(fmt::format("an error came: {}", text));
  if (speaks_full_dialect()) check_envelope(document, type);
  simdjson::dom::element payload;
  if (document["payload"].get(payload) != simdjson::SUCCESS) return fail(fmt::format("no payload: {}", text));
  if (type == "chat") {
    delta(payload, text);
  } else if (type == "done") {
    busy_ = false;
    if (!checker_->complete()) fail(fmt::format("the answer is not whole: {} tokens came", tokens_));
  } else if (type != "started") {
    fail(fmt::format("an unknown message: {}", text));
  }
}

void websocket_chat::delta(simdjson::dom::element payload, std::string_view text) {
  const std::string_view content = string_at(payload["content"]);
  const bool right = string_at(payload["type"]) == "reasoning" ? checker_->reasoning(content) : checker_->text(content);
  tokens_ = checker_->tokens();
  if (!right) fail(fmt::format("a wrong token after {} right ones: {}", tokens_ - 1, text));
}

// `id` and `generation_id` stay, and `seq` grows.
void websocket_chat::check_envelope(simdjson::dom::element document, std::string_view type) {
  if (string_at(document["id"]) != id_)
    fail(fmt::format("an answer to \"{}\" came for \"{}\"", string_at(document["id"]), id_));
  const std::string_view generation = string_at(document["generation_id"]);
  if (generation_id_.empty()) generation_id_ = generation;
  if (generation.empty() || generation != generation_id_) fail("the generation_id changed or is missing");
  if (type == "started") return;
  std::uint64_t sequence = 0;
  if (document["seq"].get_uint64().get(sequence) != simdjson::SUCCESS || sequence <= sequence_)
    fail(fmt::format("seq does not grow: {} after {}", sequence, sequence_));
  sequence_ = sequence;
}

void websocket_echo::begin(std::string& out, std::uint64_t number) {
  constexpr std::string_view around = R"({"type":"ping","payload":{"n":""}})";
  payload_ = fmt::format("{:016x}", number);
  payload_.resize(
      std::max<std::size_t>(payload_.size(),
                            settings().message_bytes - std::min<std::size_t>(around.size(), settings().message_bytes)),
      'a');
  busy_ = true;
  append_message(out, fmt::format(R"({{"type":"ping","payload":{{"n":"{}"}}}})", payload_));
}

void websocket_echo::message(std::string_view text) {
  if (!ready_) {
    ready_ = true;  // hello
    return;
  }
  if (!busy_) return fail(fmt::format("a message that nobody asked for: {}", text));
  const std::string_view type = settings().face == client_face::ws_ping ? "\"pong\"" : "\"ping\"";
  if (text.find(payload_) == std::string_view::npos || text.find(type) == std::string_view::npos)
    fail(fmt::format("not what was sent came back: {}", text));
  busy_ = false;
  tokens_ = 1;
}

}  // namespace sluice::bench
