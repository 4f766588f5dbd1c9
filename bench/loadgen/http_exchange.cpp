#include "bench/loadgen/http_exchange.hpp"

#include <fmt/format.h>

#include "bench/loadgen/json_reader.hpp"

namespace sluice::bench {

void http_exchange::begin(std::string& out, std::uint64_t number) {
  const std::string message = user_message(number);
  const bool stream = settings().face == client_face::sse;
  const std::string body = fmt::format(R"({{"model":"{}","stream":{},"messages":[{{"role":"user","content":"{}"}}]}})",
                                       settings().model, stream, message);
  fmt::format_to(std::back_inserter(out), "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n",
                 settings().path, settings().host);
  if (!settings().key.empty()) fmt::format_to(std::back_inserter(out), "Authorization: Bearer {}\r\n", settings().key);
  fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n\r\n{}", body.size(), body);
  reader_.reset();
  checker_.emplace(settings().plan, message);
  busy_ = true;
  finished_ = done_ = false;
  tokens_ = 0;
}

void http_exchange::feed(std::string& input, std::string& /*out*/) {
  std::string_view rest(input);
  if (!busy_) fail("bytes came that nobody asked for");
  while (busy_ && !rest.empty() && failure().empty()) {
    const auto state = reader_.feed(rest);
    if (state == http_reader::state::broken) fail("the response is not HTTP");
    if (state == http_reader::state::head) break;
    // An error's body is read to its end, for the report.
    const bool good = reader_.status() == 200;
    if (good && settings().face == client_face::sse) read_events();
    if (state != http_reader::state::complete) continue;
    if (!good)
      fail(fmt::format("status {}: {}", reader_.status(), reader_.body()));
    else if (settings().face == client_face::json)
      read_whole();
    else if (!done_)
      fail("the stream ended without [DONE]");
    answer_ended();
  }
  if (!rest.empty()) fail("bytes came after the end of the response");
  input.clear();
}

void http_exchange::answer_ended() {
  busy_ = false;
  tokens_ = checker_->tokens();
  if (!checker_->complete()) fail(fmt::format("the answer is not whole: {} tokens came", tokens_));
  if (!finished_) fail("the answer has no finish reason");
}

// Lines of the body as far as they are whole. An event here has one `data` line.
void http_exchange::read_events() {
  std::string& body = reader_.body();
  std::size_t begin = 0;
  for (std::size_t end = body.find('\n'); end != std::string::npos; end = body.find('\n', begin)) {
    std::string_view line = std::string_view(body).substr(begin, end - begin);
    begin = end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with("data: ")) read_event(line.substr(6));
  }
  body.erase(0, begin);
  tokens_ = checker_->tokens();
}

void http_exchange::read_event(std::string_view data) {
  if (done_) return fail("an event came after [DONE]");
  if (data == "[DONE]") {
    done_ = true;
    return;
  }
  simdjson::dom::element event;
  if (!read_json(data, event)) return fail(fmt::format("an event is not JSON: {}", data));
  if (event["error"].error() == simdjson::SUCCESS) return fail(fmt::format("an error came: {}", data));
  simdjson::dom::element choice;
  if (event["choices"].at(0).get(choice) != simdjson::SUCCESS) return;  // usage
  const auto delta = choice["delta"];
  if (!checker_->text(string_at(delta["content"])) || !checker_->reasoning(string_at(delta["reasoning_content"])))
    return fail(fmt::format("a wrong token after {} right ones: {}", checker_->tokens() - 1, data));
  finished_ = finished_ || !string_at(choice["finish_reason"]).empty();
}

void http_exchange::read_whole() {
  simdjson::dom::element answer;
  if (!read_json(reader_.body(), answer)) return fail("the body is not JSON");
  const auto choice = answer["choices"].at(0);
  const auto message = choice["message"];
  if (!checker_->text(string_at(message["content"])) || !checker_->reasoning(string_at(message["reasoning_content"])))
    fail("the answer is wrong: " + reader_.body());
  finished_ = !string_at(choice["finish_reason"]).empty();
}

}  // namespace sluice::bench
