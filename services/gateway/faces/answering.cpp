#include "gateway/faces/answering.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "async/watchdog.hpp"
#include "base/utf8.hpp"
#include "door/credentials.hpp"
#include "door/field_reader.hpp"
#include "http/sse_writer.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

namespace json = boost::json;

constexpr std::size_t write_bytes_max = 64 * 1024;

// A generation that this exchange follows: its cursor, what wakes its reader, and whether the client is still there.
struct following {
  following(executor on, agent::followed source)
      : growth(on), about(std::move(source.about)), reader(source.log, 0, growth) {}
  async::wakeup growth;
  agent::started about;
  generation::cursor reader;
  bool gone = false;
};

error problem_of(const generation::finish& how) {
  if (how.status == generation::status::cancelled)
    return {.reason = error_reason::cancelled, .message = "the answer was stopped"};
  return how.problem.value_or(error{.message = "the answer failed"});
}

// A connection whose client has closed its sending side counts as abandoned, as it does at other proxies: the two
// cannot be told apart before something is written. Whoever still reads is told so.
error client_left() {
  return {.reason = error_reason::cancelled, .message = "the client closed the connection before the answer's end"};
}

bool is_complete(const generation::finish& how) {
  return how.status == generation::status::completed || how.status == generation::status::incomplete;
}

task<> answer_whole(http::exchange& with, following& follow, answer_writer& words, refusal refuse) {
  while (!follow.reader.finished() && !follow.gone) {
    while (follow.reader.next(generation::merging::neighbours, write_bytes_max)) {
    }
    if (!follow.reader.finished()) co_await follow.growth.wait();
  }
  if (follow.gone) co_return co_await send(with, refuse(client_left()));
  const generation::log& source = follow.reader.source();
  if (!is_complete(source.ending())) {
    co_await with.respond(refuse(problem_of(source.ending())));
    co_return;
  }
  http::response answer = http::json_response(200, words.whole(source));
  answer.headers.set("x-generation-id", source.id());
  co_await with.respond(std::move(answer));
}

// What the cursor has to say, as events, up to the size of one write.
void fill(std::string& out, following& follow, answer_writer& words) {
  const generation::log& source = follow.reader.source();
  while (out.size() < write_bytes_max) {
    const auto found = follow.reader.next(generation::merging::neighbours, write_bytes_max);
    if (!found) return;
    if (found->kind != generation::delta_kind::finish) {
      words.append_delta(out, source, *found);
    } else if (is_complete(source.ending())) {
      return words.append_end(out, source.ending(), found->last);
    } else {
      return words.append_failure(out, problem_of(source.ending()), found->last);
    }
  }
}

task<> answer_streaming(http::exchange& with, following& follow, answer_writer& words, refusal refuse,
                        std::chrono::milliseconds keep_alive) {
  // The status line waits for the first delta, so that a refusal keeps its own status; but not for ever.
  bool silent = false;
  async::watchdog silence(co_await asio::this_coro::executor, [&] {
    silent = true;
    follow.growth.notify();
  });
  silence.expire_after(keep_alive);
  const generation::log& source = follow.reader.source();
  while (source.published() == 0 && !silent && !follow.gone) {
    std::string nothing;
    fill(nothing, follow, words);  // arms the wake-up
    if (source.published() == 0) co_await follow.growth.wait();
  }
  if (follow.gone) co_return co_await send(with, refuse(client_left()));
  if (source.published() == 1 && source.ended() && !is_complete(source.ending())) {
    co_await with.respond(refuse(problem_of(source.ending())));
    co_return;
  }
  with.start_stream(200, {{"content-type", std::string(words.content_type())},
                          {"cache-control", "no-cache"},
                          {"x-accel-buffering", "no"},
                          {"x-generation-id", source.id()}});
  std::string out;
  while (!follow.gone) {
    out.clear();
    fill(out, follow, words);
    if (out.empty() && silent) words.append_sign_of_life(out);
    silent = false;
    if (!out.empty()) {
      silence.expire_after(keep_alive);
      if (co_await with.write(out)) co_return;
      if (!follow.reader.finished()) continue;
      co_await with.finish();
      co_return;
    }
    co_await follow.growth.wait();
  }
  // Every stream ends in one terminal event, also one whose reader has closed its own side only.
  out.clear();
  words.append_failure(out, client_left(), follow.reader.number());
  if (!co_await with.write(out)) co_await with.finish();
}

}  // namespace

task<> send(http::exchange& with, http::response reply) {
  co_await with.respond(std::move(reply));
}

void answer_writer::append_sign_of_life(std::string& out) {
  http::append_sse_comment(out);
}

task<std::optional<received_body>> receive_body(const face_uses& uses, http::exchange& with, refusal refuse) {
  auto who = co_await uses.door.authenticate(find_credential(with.request()));
  if (!who) {
    co_await with.respond(refuse(who.error()));
    co_return std::nullopt;
  }
  if (!co_await with.read_body()) co_return std::nullopt;
  // Read once and thrown away whole: what the request keeps of it holds the storage too.
  auto body = parse_json(with.request().body, uses.told.dialogue.json,
                         json::make_shared_resource<json::monotonic_resource>(with.request().body.size() + 512));
  if (body && !body->is_object()) body = failure(error_reason::invalid_argument, "the body must be a JSON object");
  if (!body) {
    co_await with.respond(refuse(body.error()));
    co_return std::nullopt;
  }
  co_return received_body{.who = std::move(*who), .body = std::move(body->get_object())};
}

task<std::optional<std::vector<agent::model_card>>> find_models(const face_uses& uses, http::exchange& with,
                                                                refusal refuse) {
  const auto who = co_await uses.door.authenticate(find_credential(with.request()));
  if (!who) {
    co_await with.respond(refuse(who.error()));
    co_return std::nullopt;
  }
  auto models = co_await uses.agents.models((*who)->caller());
  if (models) co_return std::move(*models);
  co_await with.respond(refuse(models.error()));
  co_return std::nullopt;
}

task<std::optional<agent::model_card>> find_model(const face_uses& uses, http::exchange& with, refusal refuse) {
  auto models = co_await find_models(uses, with, refuse);
  if (!models) co_return std::nullopt;
  const std::string_view provider = with.request().parameter("provider");
  const std::string_view model = with.request().parameter("model");
  const std::string name = provider.empty() ? std::string(model) : fmt::format("{}/{}", provider, model);
  const auto found = std::ranges::find(*models, name, &agent::model_card::name);
  if (found != models->end()) co_return std::move(*found);
  co_await with.respond(refuse({.reason = error_reason::not_found,
                                .message = fmt::format("there is no model \"{}\" here", clip(name, 128)),
                                .param = "model"}));
  co_return std::nullopt;
}

task<std::optional<std::int64_t>> count(const face_uses& uses, http::exchange& with, const principal& who,
                                        generation::request asked, refusal refuse) {
  const auto counted = co_await uses.agents.count_tokens(who.caller(), std::move(asked));
  if (!counted) {
    co_await with.respond(refuse(counted.error()));
    co_return std::nullopt;
  }
  if (counted->is_estimate) with.answer_headers().set(count_header, "estimated");
  co_return counted->tokens;
}

task<> answer(const face_uses& uses, http::exchange& with, const principal& who, generation::request asked,
              refusal refuse, writer_maker make_writer) {
  const bool streamed = asked.streamed;
  agent::start_request request{.request = std::move(asked),
                               .who = who.caller(),
                               .request_id = with.request().request_id,
                               .trace = with.request().trace,
                               .resumable = streamed};
  const auto begun = co_await uses.agents.start(std::move(request));
  if (!begun) co_return co_await send(with, refuse(begun.error()));
  auto source = co_await uses.agents.follow(who.caller(), begun->generation_id, 0);
  if (!source) co_return co_await send(with, refuse(source.error()));

  following follow(co_await asio::this_coro::executor, std::move(*source));
  with.watch_peer([&follow] {
    follow.gone = true;
    follow.growth.notify();
  });
  const std::unique_ptr<answer_writer> words = make_writer(*begun);
  if (streamed) {
    co_await answer_streaming(with, follow, *words, refuse, uses.told.stream_keep_alive);
  } else {
    co_await answer_whole(with, follow, *words, refuse);
  }
  // An HTTP client that went away wants no answer any more: nobody pays for the rest.
  if (!follow.reader.finished()) co_await uses.agents.cancel(who.caller(), begun->generation_id);
}

}  // namespace sluice::gateway
