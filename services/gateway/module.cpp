#include "gateway/module.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>

#include "async/wakeup.hpp"
#include "door/account_api.hpp"
#include "door/limited_route.hpp"
#include "gateway/chat_upgrade.hpp"
#include "gateway/conversation_api.hpp"
#include "gateway/faces/anthropic_errors.hpp"
#include "gateway/faces/anthropic_messages.hpp"
#include "gateway/faces/anthropic_models.hpp"
#include "gateway/faces/gemini_errors.hpp"
#include "gateway/faces/gemini_models.hpp"
#include "gateway/faces/openai_chat.hpp"
#include "gateway/faces/openai_embeddings.hpp"
#include "gateway/faces/openai_errors.hpp"
#include "gateway/pages.hpp"
#include "telemetry/names.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

task<> answer_demo(http::exchange& with) {
  co_await with.respond(demo_page());
}

// An upgrade where somebody asks for one, else what is there for everybody.
task<> upgrade_or(const http::handler& upgrade, const http::handler& page, http::exchange& with) {
  co_await (with.request().headers.has("upgrade") ? upgrade(with) : page(with));
}

task<> answer_root(http::exchange& with) {
  co_await with.respond(app_page(with.request()));
}

// Whether a request of this route begins an answer, as limits of chats count them.
bool begins_chat(const http::route& at) {
  return at.pattern == "/v1/chat/completions" || at.pattern == "/v1/messages" || at.pattern.ends_with("{call}");
}

// The models in the words of whoever asks: three dialects have them under one path.
task<> list_models(face_uses uses, http::exchange& with) {
  if (gemini::is_for_face(with.request())) return gemini::list_models(uses, with);
  return with.request().headers.has("anthropic-version") ? anthropic::list_models(uses, with)
                                                         : openai::list_models(uses, with);
}

task<> get_model(face_uses uses, http::exchange& with) {
  if (gemini::is_for_face(with.request())) return gemini::get_model(uses, with);
  return with.request().headers.has("anthropic-version") ? anthropic::get_model(uses, with)
                                                         : openai::get_model(uses, with);
}

limit_face face_of(const http::route& at) {
  if (openai::is_path_of_face(at.pattern)) return limit_face::openai;
  return anthropic::is_path_of_face(at.pattern) ? limit_face::anthropic : limit_face::ours;
}

}  // namespace

// Counts sockets and logs what breaks.
class module::chat_watch final : public chat_observer {
 public:
  chat_watch(telemetry::metric_registry& metrics, const telemetry::logger& log)
      : open_(metrics.make_gauge(telemetry::names::sockets)),
        closes_(metrics.make_counters(telemetry::names::socket_closes, {"code"})),
        messages_(metrics.make_counter(telemetry::names::socket_messages)),
        received_(metrics.make_counter(telemetry::names::socket_received_bytes)),
        sent_(metrics.make_counter(telemetry::names::socket_sent_bytes)),
        log_(log) {}
  void on_socket_opened(const chat_socket&) override { open_.add(); }
  void on_socket_closed(const chat_socket& socket) override {
    open_.subtract();
    // Peers may say any number of thousands.
    const std::uint16_t code = socket.close_code();
    closes_.at({std::ranges::find(close_codes, code) == close_codes.end() ? "other" : fmt::to_string(code)}).add();
  }
  void on_message() override { messages_.add(); }
  void on_received(std::size_t bytes) override { received_.add(bytes); }
  void on_sent(std::size_t bytes) override { sent_.add(bytes); }
  void on_socket_broken(std::exception_ptr why) override {
    log_.error("a chat socket broke", {{"problem", message_of(why)}});
  }

 private:
  static constexpr std::array<std::uint16_t, 13> close_codes{1000, 1001, 1002, 1003, 1006, 1007, 1008,
                                                             1009, 1011, 1013, 4401, 4408, 4429};
  telemetry::gauge& open_;
  telemetry::family<telemetry::counter>& closes_;
  telemetry::counter& messages_;
  telemetry::counter& received_;
  telemetry::counter& sent_;
  telemetry::logger log_;
};

module::module(async::worker_pool& workers, http::worker_buffers& buffers, settings told, agent::service& agents,
               agent::conversation_service& stored, identity::service& people, state::shared_state& state,
               limits::limiter& counts, telemetry::metric_registry& metrics, const telemetry::tracer& spans,
               const telemetry::logger& log) :settings_(std::move(told)),
    agents_(agents), stored_(stored), people_(people), door_(settings_, people), places_(settings_), tickets_(state),
    limits_(settings_.limits, counts, metrics), watch_(std::make_unique<chat_watch>(metrics, log)),
    sessions_(workers, people, places_, sockets_, log) {
  for (std::size_t i = 0; i < workers.size(); ++i) {
    sockets_.push_back(std::make_unique<chat_sockets>(workers[i].get_executor(), buffers[i], settings_, agents_,
                                                      limits_, door_, *watch_, spans));
  }
}

module::~module() = default;

std::vector<http::route> module::routes() {
  std::vector<http::route> all;
  for (http::route& one : unlimited_routes()) {
    const limit_face face = face_of(one);
    const bool counts_as_chat = begins_chat(one);
    all.push_back(limit_route(std::move(one), limits_, door_, face, counts_as_chat));
  }
  http::route root = chat_route("/");
  root.handle = [upgrade = std::move(root.handle),
                 page = limit_route({"GET", "/", answer_root}, limits_, door_).handle](http::exchange& with) {
    return upgrade_or(upgrade, page, with);
  };
  all.push_back(std::move(root));
  all.push_back(chat_route("/chat"));
  all.push_back(chat_route("/v1/chat"));
  return all;
}

// Upgrades charge their limits themselves, for they have credentials of their own.
http::route module::chat_route(std::string pattern) {
  limit_scope scope = limits_.of_route("GET", pattern, false);
  return {"GET", std::move(pattern), [this, scope = std::move(scope)](http::exchange& with) {
            return upgrade_to_chat({.told = settings_,
                                    .door = door_,
                                    .places = places_,
                                    .tickets = tickets_,
                                    .limits = limits_,
                                    .scope = scope},
                                   *sockets_[async::this_worker()], with);
          }};
}

std::vector<http::route> module::unlimited_routes() {
  const face_uses uses{.agents = agents_, .door = door_, .told = settings_};
  std::vector<http::route> table{
      {"GET", "/demo", answer_demo},
      {"POST", "/v1/chat/completions", [uses](http::exchange& with) { return openai::chat_completions(uses, with); }},
      {"POST", "/v1/embeddings", [uses](http::exchange& with) { return openai::create_embeddings(uses, with); }},
      {"GET", "/v1/models", [uses](http::exchange& with) { return list_models(uses, with); }},
      {"GET", "/v1/models/{model}", [uses](http::exchange& with) { return get_model(uses, with); }},
      {"POST", "/v1/messages", [uses](http::exchange& with) { return anthropic::create_message(uses, with); }},
      {"POST", "/v1/messages/count_tokens",
       [uses](http::exchange& with) { return anthropic::count_tokens(uses, with); }},
      {"GET", "/v1beta/models", [uses](http::exchange& with) { return list_models(uses, with); }},
  };
  // Names of models may have a slash: "provider/model". Google's SDKs ask under either version.
  for (const std::string under : {"/v1/models/", "/v1beta/models/"}) {
    for (const std::string& place : {under, under + "{provider}/"}) {
      table.push_back(
          {"POST", place + "{call}", [uses](http::exchange& with) { return gemini::call_model(uses, with); }});
      if (place != "/v1/models/")
        table.push_back({"GET", place + "{model}", [uses](http::exchange& with) { return get_model(uses, with); }});
    }
  }
  const account_api accounts{.people = people_, .door = door_, .told = settings_};
  std::ranges::move(account_routes(accounts), std::back_inserter(table));
  table.push_back(ticket_route(tickets_, door_));
  const conversation_api stored{.agents = agents_, .stored = stored_, .door = door_, .told = settings_};
  std::ranges::move(conversation_routes(stored), std::back_inserter(table));
  std::ranges::move(page_routes(), std::back_inserter(table));
  return table;
}

http::response module::make_error(const http::request& asked, unsigned status, const error& problem) {
  if (status == 404) {
    if (auto page = missing_page(asked)) return std::move(*page);
  }
  if (anthropic::is_path_of_face(asked.path)) return anthropic::error_response(status, problem);
  if (gemini::is_for_face(asked)) return gemini::error_response(status, problem);
  return openai::is_path_of_face(asked.path) ? openai::error_response(status, problem)
                                             : http::error_response(status, problem, asked.request_id);
}

void module::begin() {
  for (const auto& here : sockets_)
    here->begin();
  sessions_.begin();
}

task<> module::drain(std::chrono::milliseconds within, std::chrono::milliseconds last_words) {
  const executor home = co_await asio::this_coro::executor;
  std::size_t left = sockets_.size();
  async::wakeup one_done(home);
  for (const auto& here : sockets_) {
    asio::co_spawn(here->get_executor(), here->drain(within, last_words), [&left, &one_done, home](std::exception_ptr) {
      asio::post(home, [&left, &one_done] {
        --left;
        one_done.notify();
      });
    });
  }
  while (left != 0)
    co_await one_done.wait();
  co_await sessions_.stop();
}

}  // namespace sluice::gateway
