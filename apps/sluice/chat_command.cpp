#include "app/chat_command.hpp"

#include <iostream>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/chat_connection.hpp"
#include "app/exit_codes.hpp"
#include "app/run_to_end.hpp"
#include "app/terminal_text.hpp"
#include "async/blocking_pool.hpp"
#include "async/with_deadline.hpp"

namespace sluice::app {
namespace {

namespace json = boost::json;

constexpr int reconnects_max = 5;
constexpr std::chrono::milliseconds reconnect_pause{300};

// Empty where there is none of that name, or something else than text.
std::string text_in(const json::object& of, std::string_view name) {
  const json::value* const found = of.if_contains(name);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

// One terminal's conversation with one server.
class terminal_chat {
 public:
  terminal_chat(executor on, async::blocking_pool& blocking, chat_target target, const chat_options& how,
                std::ostream& out, std::ostream& err)
      : connection_(on, blocking, std::move(target)),
        blocking_(blocking),
        how_(how),
        out_(out),
        err_(err),
        is_terminal_(isatty(STDOUT_FILENO) != 0) {}

  task<int> run() {
    if (const auto connected = co_await connection_.connect(); !connected) co_return report(connected.error());
    if (how_.message) co_return co_await ask(*how_.message);
    int outcome = 0;
    while (const auto line = co_await read_line()) {
      if (line->find_first_not_of(" \t\r") != std::string::npos) outcome = co_await ask(*line);
    }
    co_return outcome;
  }

 private:
  int report(const std::string& problem) {
    end_line();
    err_ << "sluice chat: " << for_terminal_line(problem) << '\n';
    return exit_unavailable;
  }

  task<std::optional<std::string>> read_line() {
    if (isatty(STDIN_FILENO) != 0) out_ << "> " << std::flush;
    auto line = co_await blocking_.run([]() -> std::optional<std::string> {
      std::string text;
      if (!std::getline(std::cin, text)) return std::nullopt;
      return text;
    });
    co_return line ? std::move(*line) : std::nullopt;
  }

  task<int> ask(std::string content) {
    json::object payload{{"content", content}};
    if (!how_.model.empty()) payload["model"] = how_.model;
    generation_id_.clear();
    last_seq_ = 0;
    std::string request =
        json::serialize(json::object{{"type", "chat"}, {"id", "chat"}, {"payload", std::move(payload)}});
    for (int attempt = 0;; ++attempt) {
      const auto outcome = co_await exchange(std::move(request));
      if (outcome) co_return *outcome;
      // The answer goes on at the server; a new socket picks it up where this one broke.
      if (generation_id_.empty() || attempt == reconnects_max) co_return report(outcome.error());
      end_line();
      err_ << "(" << for_terminal_line(outcome.error()) << "; reconnecting)\n";
      steady_timer pause(co_await asio::this_coro::executor, reconnect_pause * (attempt + 1));
      co_await pause.async_wait(use_task);
      request = json::serialize(json::object{
          {"type", "resume"}, {"id", "chat"}, {"payload", {{"generation_id", generation_id_}, {"after", last_seq_}}}});
      co_await connection_.connect();
    }
  }

  // Sends a request and shows its frames; the exit code once it has ended, an error if the socket broke before.
  task<std::expected<int, std::string>> exchange(std::string request) {
    if (const auto sent = co_await connection_.send(std::move(request)); !sent) co_return std::unexpected(sent.error());
    for (;;) {
      auto text = co_await connection_.receive();
      if (!text) co_return std::unexpected(text.error());
      boost::system::error_code problem;
      const json::value frame = json::parse(*text, problem);
      const json::object* const fields = problem ? nullptr : frame.if_object();
      if (fields == nullptr || text_in(*fields, "type").empty())
        co_return report("the server sent what is not a frame; is it Sluice?");
      const auto ended = show(*fields);
      if (!ended) co_return report(ended.error());
      if (*ended) co_return **ended;
    }
  }

  // The exit code once the answer has ended. The error: the server said what is not the protocol.
  std::expected<std::optional<int>, std::string> show(const json::object& frame) {
    const std::string type = text_in(frame, "type");
    if (const json::value* const seq = frame.if_contains("seq")) {
      boost::system::error_code none;
      const auto number = seq->to_number<std::uint64_t>(none);
      if (!none) last_seq_ = number;
    }
    if (std::string id = text_in(frame, "generation_id"); !id.empty()) generation_id_ = std::move(id);
    const json::value* const inner = frame.if_contains("payload");
    const json::object* const payload = inner == nullptr ? nullptr : inner->if_object();
    if (type == "rewind") {
      out_ << "\n(the answer goes on from an earlier place)\n";
      return std::nullopt;
    }
    if (type != "chat" && type != "done" && type != "error") return std::nullopt;
    if (payload == nullptr) return std::unexpected(fmt::format("the server sent a {} without a payload", type));
    if (type == "chat") {
      show_text(text_in(*payload, "content"), text_in(*payload, "type") == "reasoning");
      return std::nullopt;
    }
    if (type == "error") return report(text_in(*payload, "message"));
    show_text("\n", false);
    return show_end(*payload);
  }

  int show_end(const json::object& done) {
    const std::string status = text_in(done, "status");
    if (status == "completed") return 0;
    const json::value* const failed = done.if_contains("error");
    const json::object* const problem = failed == nullptr ? nullptr : failed->if_object();
    const std::string why = problem != nullptr ? text_in(*problem, "message") : text_in(done, "finish_reason");
    err_ << "(" << for_terminal_line(status) << ": " << for_terminal_line(why) << ")\n";
    return status == "incomplete" ? 0 : exit_unavailable;
  }

  void show_text(std::string_view text, bool is_reasoning) {
    if (is_terminal_ && is_reasoning != dimmed_) out_ << (is_reasoning ? "\x1b[2m" : "\x1b[0m\n");
    if (!is_terminal_ && dimmed_ && !is_reasoning) out_ << '\n';
    dimmed_ = is_reasoning;
    if (is_terminal_) {
      out_ << for_terminal(text) << std::flush;
    } else {
      out_ << text << std::flush;
    }
    if (!text.empty()) is_in_line_ = !text.ends_with('\n');
  }

  // What is said of an answer does not stand in the middle of its words.
  void end_line() {
    if (std::exchange(is_in_line_, false)) out_ << '\n' << std::flush;
  }

  chat_connection connection_;
  async::blocking_pool& blocking_;
  const chat_options& how_;
  std::ostream& out_;
  std::ostream& err_;
  bool is_terminal_;
  bool dimmed_ = false;
  bool is_in_line_ = false;
  std::string generation_id_;
  std::uint64_t last_seq_ = 0;
};

}  // namespace

int run_chat(const chat_options& how, std::ostream& out, std::ostream& err) {
  auto target = make_chat_target(how.url, how.token);
  if (!target) {
    err << "sluice chat: --url " << target.error() << '\n';
    return exit_usage;
  }
  if (how.message && how.message->find_first_not_of(" \t\r\n") == std::string::npos) {
    err << "sluice chat: the message is empty; without one, each line of standard input is a message\n";
    return exit_usage;
  }
  asio::io_context loop(1);
  async::blocking_pool blocking("chat", 2, 16);
  terminal_chat chat(loop.get_executor(), blocking, std::move(*target), how, out, err);
  return run_to_end(loop, chat.run());
}

}  // namespace sluice::app
