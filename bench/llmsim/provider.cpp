#include "bench/llmsim/provider.hpp"

#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "bench/llmsim/openai_chat.hpp"

namespace sluice::bench {

namespace {

constexpr std::size_t recent_max = 256;
constexpr std::size_t fault_models_max = 4096;

std::string_view to_string(outcome how) {
  switch (how) {
    case outcome::completed:
      return "completed";
    case outcome::aborted:
      return "aborted";
    case outcome::faulted:
      return "faulted";
  }
  return "";
}

std::string json_response(int status, std::string_view reason, std::string_view body) {
  return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", status, reason,
                     body.size(), body);
}

std::string quoted(std::string_view text) {
  std::string json = "\"";
  append_json_escaped(json, text);
  return json += '"';
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned letter = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, letter, 16).ptr == text.data() + i + 3) {
      decoded += static_cast<char>(letter);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// "/sim;tokens=50;rate=20/v1/models" → {"tokens=50;rate=20", "/v1/models"}
std::pair<std::string, std::string_view> split_target(std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (!target.starts_with("/sim;") && !target.starts_with("/sim%3B")) return {"", target};
  const std::size_t end = target.find('/', 1);
  const std::string plan = percent_decoded(target.substr(4, end == std::string_view::npos ? end : end - 4));
  return {plan, end == std::string_view::npos ? "/" : target.substr(end)};
}

std::string_view target_of(const http_reader& request) {
  std::string_view line = request.start_line();
  line.remove_prefix(std::min(line.size(), line.find(' ') + 1));
  return line.substr(0, line.find(' '));
}

}  // namespace

provider::answer provider::respond(const http_reader& request, std::string_view body) {
  const auto [plan, path] = split_target(target_of(request));
  if (path.starts_with("/sim/")) return {.whole = own_page(path, body)};
  ++requests_;
  last_head_ = request.head();
  last_body_ = body;
  if (!settings_.api_key.empty() && request.header("authorization") != "Bearer " + settings_.api_key)
    return {.whole = json_response(401, "Unauthorized", openai_error_body(401, "Incorrect API key provided"))};
  if (path.ends_with("/models"))
    return {
        .whole = json_response(
            200, "OK",
            fmt::format(
                R"({{"object":"list","data":[{{"id":{},"object":"model","created":1764000000,"owned_by":"sim"}}]}})",
                quoted(settings_.model)))};
  if (path.ends_with("/chat/completions")) return chat(request, body, plan);
  return {.whole = json_response(404, "Not Found", openai_error_body(404, "No such path here"))};
}

provider::answer provider::chat(const http_reader& request, std::string_view body, std::string_view path_plan) {
  scenario plan = settings_.plan;
  auto applied = plan.apply(path_plan);
  std::expected<chat_request, std::string> asked = std::unexpected(applied ? "" : applied.error());
  if (applied) asked = read_openai_chat(body, plan);
  if (asked) applied = plan_from_headers(request, asked->plan);
  if (!asked || !applied)
    return {.whole =
                json_response(400, "Bad Request", openai_error_body(400, asked ? applied.error() : asked.error()))};
  asked->number = requests_;
  asked->seed = asked->plan.seed.value_or(seed_of(asked->user_message));
  const bool faulty = fault_strikes(asked->plan, asked->model);
  auto words = std::make_unique<openai_chat>(*asked);
  return {.stream = std::make_unique<answer_stream>(std::move(*asked), std::move(words), faulty)};
}

// `x-sim: tokens=50,rate=20`, or one header for each: `x-sim-tokens: 50`, `x-sim-fault-rate: 0.1`.
std::expected<void, std::string> provider::plan_from_headers(const http_reader& request, scenario& plan) const {
  std::string_view rest = request.head();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    if (line.size() < 6 || (line[0] | 0x20) != 'x' || line[1] != '-') continue;
    std::string name;
    for (const char letter : line.substr(0, line.find(':')))
      name += letter == '-' ? '_' : static_cast<char>(letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter);
    if (name == "x_sim") {
      if (auto done = plan.apply(request.header("x-sim")); !done) return done;
    } else if (name.starts_with("x_sim_")) {
      const std::string_view value = request.header(line.substr(0, line.find(':')));
      if (auto done = plan.set(std::string_view(name).substr(6), value); !done) return done;
    }
  }
  return {};
}

bool provider::fault_strikes(const scenario& plan, std::string_view model) {
  if (plan.fault == fault_kind::none) return false;
  if (plan.fault_times > 0) {
    if (fault_requests_.size() > fault_models_max) fault_requests_.clear();
    auto known = fault_requests_.find(model);
    if (known == fault_requests_.end()) known = fault_requests_.emplace(model, 0).first;
    if (++known->second > plan.fault_times) return false;
  }
  // Every tenth request for 0.1: the same on every run, where chance would not be.
  fault_share_ += plan.fault_rate;
  if (fault_share_ < 1) return false;
  fault_share_ -= 1;
  return true;
}

void provider::ended(const answer_stream& stream, outcome how) {
  --active_;
  tokens_ += stream.tokens_sent();
  completed_ += how == outcome::completed ? 1 : 0;
  aborted_ += how == outcome::aborted ? 1 : 0;
  faulted_ += how == outcome::faulted ? 1 : 0;
  if (how == outcome::aborted) aborted_tokens_ += stream.tokens_sent();
  if (recent_.size() == recent_max) recent_.pop_front();
  recent_.push_back({stream.request().number, stream.request().model, how, stream.tokens_sent()});
}

std::string provider::own_page(std::string_view path, std::string_view body) {
  if (path == "/sim/stats") return json_response(200, "OK", statistics());
  if (path == "/sim/last") return json_response(200, "OK", last_request());
  if (path == "/sim/answer") return json_response(200, "OK", expected_answer(body));
  if (path == "/sim/reset") {
    clear();
    return json_response(200, "OK", "{}");
  }
  return json_response(404, "Not Found", openai_error_body(404, "/sim/ has stats, last, answer and reset"));
}

void provider::clear() {
  requests_ = tokens_ = completed_ = aborted_ = faulted_ = aborted_tokens_ = 0;
  recent_.clear();
  last_head_.clear();
  last_body_.clear();
  fault_requests_.clear();
  fault_share_ = 0;
}

std::string provider::statistics() const {
  std::string recent;
  for (const ended_answer& one : recent_)
    recent += fmt::format(R"({}{{"number":{},"model":{},"outcome":"{}","tokens_sent":{}}})", recent.empty() ? "" : ",",
                          one.number, quoted(one.model), to_string(one.how), one.tokens_sent);
  return fmt::format(
      R"({{"connections":{},"requests":{},"active":{},"completed":{},"aborted":{},"aborted_tokens_sent":{},)"
      R"("faulted":{},"tokens_sent":{},"recent":[{}]}})",
      connections_, requests_, active_, completed_, aborted_, aborted_tokens_, faulted_, tokens_, recent);
}

std::string provider::last_request() const {
  return fmt::format(R"({{"head":{},"body":{}}})", quoted(last_head_), quoted(last_body_));
}

// What the answer to this request is, for tests that cannot compute it themselves.
std::string provider::expected_answer(std::string_view body) const {
  const auto asked = read_openai_chat(body, settings_.plan);
  if (!asked) return openai_error_body(400, asked.error());
  const std::uint64_t seed = asked->plan.seed.value_or(seed_of(asked->user_message));
  answer_text text(asked->plan, answer_text::part::text, seed, asked->user_message);
  answer_text reasoning(asked->plan, answer_text::part::reasoning, seed, asked->user_message);
  const std::string text_json = quoted(text.rest());
  const std::string reasoning_json = quoted(reasoning.rest());
  return fmt::format(R"({{"text":{},"reasoning":{},"tokens":{}}})", text_json, reasoning_json,
                     text.given() + reasoning.given());
}

}  // namespace sluice::bench
