#include "gateway/faces/openai_chat.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "async/watchdog.hpp"
#include "base/utf8.hpp"
#include "door/credentials.hpp"
#include "door/field_reader.hpp"
#include "gateway/chat_request.hpp"
#include "gateway/faces/openai_chat_reply.hpp"
#include "gateway/faces/openai_errors.hpp"
#include "generation/answer.hpp"
#include "generation/cursor.hpp"
#include "http/sse_writer.hpp"

namespace sluice::gateway::openai {

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

struct chat_options {
  bool stream = false;
  bool include_usage = false;
};

std::int64_t unix_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// A client that is gone is nothing to the one who answers.
task<> send(http::exchange& with, http::response reply) {
  co_await with.respond(std::move(reply));
}

result<chat_options> read_options(const json::object& body) {
  chat_options options;
  field_reader fields(body, "");
  std::optional<bool> stream;
  json::object stream_options;
  fields.boolean("stream", stream);
  fields.object("stream_options", stream_options);
  std::optional<bool> include_usage;
  field_reader inner(stream_options, "stream_options.");
  inner.boolean("include_usage", include_usage);
  if (fields.problem()) return std::unexpected(*fields.problem());
  if (inner.problem()) return std::unexpected(*inner.problem());
  options.stream = stream.value_or(false);
  options.include_usage = include_usage.value_or(false);
  return options;
}

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

task<> answer_whole(http::exchange& with, following& follow, const chat_reply& reply) {
  while (!follow.reader.finished() && !follow.gone) {
    while (follow.reader.next(generation::merging::neighbours, write_bytes_max)) {
    }
    if (!follow.reader.finished()) co_await follow.growth.wait();
  }
  if (follow.gone) co_return co_await send(with, error_response(client_left()));
  const generation::log& source = follow.reader.source();
  if (!is_complete(source.ending())) {
    co_await with.respond(error_response(problem_of(source.ending())));
    co_return;
  }
  http::response answer = http::json_response(200, reply.whole(generation::collect(source), source.ending()));
  answer.headers.set("x-generation-id", source.id());
  co_await with.respond(std::move(answer));
}

// What the cursor has to say, as events, up to the size of one write.
void fill(std::string& out, following& follow, chat_reply& reply) {
  const generation::log& source = follow.reader.source();
  while (out.size() < write_bytes_max) {
    const auto found = follow.reader.next(generation::merging::neighbours, write_bytes_max);
    if (!found) return;
    if (found->kind != generation::delta_kind::finish) {
      reply.append_delta(out, source, *found);
    } else if (is_complete(source.ending())) {
      return reply.append_end(out, source.ending(), found->last);
    } else {
      return reply.append_failure(out, problem_of(source.ending()), found->last);
    }
  }
}

task<> answer_streaming(http::exchange& with, following& follow, chat_reply& reply,
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
    fill(nothing, follow, reply);  // arms the wake-up
    if (source.published() == 0) co_await follow.growth.wait();
  }
  if (follow.gone) co_return co_await send(with, error_response(client_left()));
  if (source.published() == 1 && source.ended() && !is_complete(source.ending())) {
    co_await with.respond(error_response(problem_of(source.ending())));
    co_return;
  }
  with.start_stream(200, {{"content-type", "text/event-stream; charset=utf-8"},
                          {"cache-control", "no-cache"},
                          {"x-accel-buffering", "no"},
                          {"x-generation-id", source.id()}});
  std::string out;
  while (!follow.gone) {
    out.clear();
    fill(out, follow, reply);
    if (out.empty() && silent) http::append_sse_comment(out);
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
  reply.append_failure(out, client_left(), follow.reader.number());
  if (!co_await with.write(out)) co_await with.finish();
}

}  // namespace

task<> chat_completions(face uses, http::exchange& with) {
  const auto who = co_await uses.door.authenticate(find_credential(with.request()));
  if (!who) co_return co_await send(with, error_response(who.error()));
  if (!co_await with.read_body()) co_return;
  // Read once and thrown away whole: what the request keeps of it holds the storage too.
  auto body = parse_json(with.request().body, uses.told.dialogue.json,
                         json::make_shared_resource<json::monotonic_resource>(with.request().body.size() + 512));
  if (!body) co_return co_await send(with, error_response(body.error()));
  if (!body->is_object()) {
    co_return co_await send(
        with, error_response({.reason = error_reason::invalid_argument, .message = "the body must be a JSON object"}));
  }
  const auto options = read_options(body->get_object());
  if (!options) co_return co_await send(with, error_response(options.error()));
  auto asked = parse_openai_chat(std::move(body->get_object()));
  with.release_body();
  if (!asked) co_return co_await send(with, error_response(asked.error()));
  asked->streamed = options->stream;

  agent::start_request request{.request = std::move(*asked),
                               .who = (*who)->caller(),
                               .request_id = with.request().request_id,
                               .trace = with.request().trace,
                               .resumable = options->stream};
  const auto begun = co_await uses.agents.start(std::move(request));
  if (!begun) co_return co_await send(with, error_response(begun.error()));
  auto source = co_await uses.agents.follow((*who)->caller(), begun->generation_id, 0);
  if (!source) co_return co_await send(with, error_response(source.error()));

  following follow(co_await asio::this_coro::executor, std::move(*source));
  with.watch_peer([&follow] {
    follow.gone = true;
    follow.growth.notify();
  });
  chat_reply reply(begun->generation_id, begun->model, unix_seconds(), options->include_usage);
  if (options->stream) {
    co_await answer_streaming(with, follow, reply, uses.told.stream_keep_alive);
  } else {
    co_await answer_whole(with, follow, reply);
  }
  // An HTTP client that went away wants no answer any more: nobody pays for the rest.
  if (!follow.reader.finished()) co_await uses.agents.cancel((*who)->caller(), begun->generation_id);
}

task<> list_models(face uses, http::exchange& with) {
  const auto who = co_await uses.door.authenticate(find_credential(with.request()));
  if (!who) co_return co_await send(with, error_response(who.error()));
  const auto models = co_await uses.agents.models((*who)->caller());
  if (!models) co_return co_await send(with, error_response(models.error()));
  json::array list;
  for (const agent::model_card& model : *models) {
    list.push_back(json::object{{"id", model.name}, {"object", "model"}, {"created", 0}, {"owned_by", model.provider}});
  }
  co_await with.respond(
      http::json_response(200, json::serialize(json::object{{"object", "list"}, {"data", std::move(list)}})));
}

task<> get_model(face uses, http::exchange& with) {
  const auto who = co_await uses.door.authenticate(find_credential(with.request()));
  if (!who) co_return co_await send(with, error_response(who.error()));
  const std::string name(with.request().parameter("model"));
  const auto models = co_await uses.agents.models((*who)->caller());
  if (!models) co_return co_await send(with, error_response(models.error()));
  for (const agent::model_card& model : *models) {
    if (model.name != name) continue;
    const json::object card{{"id", model.name}, {"object", "model"}, {"created", 0}, {"owned_by", model.provider}};
    co_return co_await send(with, http::json_response(200, json::serialize(card)));
  }
  co_await with.respond(error_response({.reason = error_reason::not_found,
                                        .message = fmt::format("there is no model \"{}\" here", clip(name, 128)),
                                        .param = "model"}));
}

}  // namespace sluice::gateway::openai
