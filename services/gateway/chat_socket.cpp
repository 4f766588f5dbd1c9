#include "gateway/chat_socket.hpp"

#include <cassert>

#include <boost/asio/co_spawn.hpp>
#include <boost/json.hpp>

#include "base/ids.hpp"
#include "base/storage.hpp"
#include "gateway/chat_sockets.hpp"
#include "http/least_rate.hpp"
#include "telemetry/names.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

using http::websocket_event;
using http::websocket_role;
using std::chrono::steady_clock;

// What leaves in one write at the most, and how much unsent output stops the reading of more input.
constexpr std::size_t write_bytes_max = 64 * 1024;
constexpr std::size_t unsent_bytes_max = 256 * 1024;
constexpr std::uint16_t peer_silent = 4408;
constexpr unsigned reads_per_turn = 4;

// What the configuration let in is never asked about.
steady_clock::time_point first_check(const principal& who, std::chrono::milliseconds interval) {
  if (who.fixed) return steady_clock::time_point::max();
  steady_clock::duration left = interval;
  if (who.expires_at) left = std::min<steady_clock::duration>(left, *who.expires_at - std::chrono::system_clock::now());
  return steady_clock::now() + left;
}

}  // namespace

chat_socket::chat_socket(http::taken_socket taken, const http::client_key& client, chat_dialect dialect,
                         std::shared_ptr<const principal> who, socket_place place, chat_sockets& all)
    : socket_(std::move(taken.socket)),
      connection_(std::move(taken.place)),
      client_(client),
      decoder_(websocket_role::server, all.told().message_bytes_max),
      closing_(websocket_role::server),
      dialogue_(dialect, all.told().dialogue),
      who_(std::move(who)),
      place_(std::move(place)),
      all_(all),
      growth_(all.get_executor()),
      written_(all.get_executor()),
      heard_at_(steady_clock::now()),
      check_session_at_(first_check(*who_, all.told().session_check)) {
  all_.add(*this);
}

chat_socket::~chat_socket() {
  all_.remove(*this);
}

task<> chat_socket::run(std::string unread) {
  const auto self = shared_from_this();
  if (dialogue_.dialect() == chat_dialect::full) co_await greet();
  if (!unread.empty()) co_await hear(unread);
  free_storage(unread);
  // Waits in this very coroutine: what an idle socket holds is this frame and the wait's, not those of calls between,
  // which live in whatever blocks larger ones have left behind.
  for (unsigned reads = 1; !ended_; ++reads) {
    while (out_.size() > unsent_bytes_max && !ended_)
      co_await written_.wait();
    const auto got = socket_.try_read(all_.read_buffer());
    if (got.error) break;
    if (got.would_block) {
      if (const auto what = socket_.before_read()) {
        const auto [problem] = co_await socket_.native().async_wait(*what, use_task_nothrow);
        if (problem) break;
      }
      continue;
    }
    if (!shut_) {  // else only the peer's end is awaited
      heard_at_ = steady_clock::now();
      pinged_ = false;
      co_await hear(all_.read_buffer().first(got.bytes));
    }
    // A peer that never lets us wait must not keep the worker from the others.
    if (reads % reads_per_turn == 0) co_await asio::post(all_.get_executor(), use_task);
  }
  cut();
}

task<> chat_socket::greet() {
  const auto models = co_await all_.agents().models(who_->caller());
  const settings& told = all_.told();
  boost::json::array names;
  if (models) {
    for (const agent::model_card& model : *models)
      names.emplace_back(model.name);
  }
  boost::json::object hello{{"type", "hello"},
                            {"payload",
                             {{"connection_id", make_id("conn")},
                              {"user", {{"id", who_->user_id}, {"name", who_->name}, {"role", who_->role}}},
                              {"limits",
                               {{"message_bytes", told.message_bytes_max},
                                {"streams", told.dialogue.streams_max},
                                {"json_depth", told.dialogue.json.depth}}},
                              {"heartbeat_s", std::chrono::ceil<std::chrono::seconds>(told.heartbeat).count()},
                              {"resume_window_s", std::chrono::ceil<std::chrono::seconds>(told.resume_window).count()},
                              {"models", std::move(names)}}}};
  frame_batch out(out_);
  out.begin();
  out.text() += boost::json::serialize(hello);
  out.end();
  flush();
}

task<> chat_socket::hear(std::span<char> bytes) {
  all_.observer_.on_received(bytes.size());
  decoder_.feed(bytes);
  while (const auto event = decoder_.next()) {
    if (event->what != websocket_event::kind::message) {
      const bool was_open = closing_.may_send();
      closing_.answer(out_, *event);
      if (was_open && !closing_.may_send()) closing_since_ = heard_at_;
      continue;
    }
    if (!closing_.may_send()) continue;
    if (event->binary) {
      closing_.close(out_, http::close_code::unsupported_data, "only text frames are understood here");
      closing_since_ = heard_at_;
      continue;
    }
    all_.observer_.on_message();
    message_since_ = {};
    frame_batch out(out_);
    if (auto asked = dialogue_.receive(event->payload, out)) {
      decoder_.keep_unread();  // others read into the same buffer while this waits
      co_await perform(std::move(*asked));
    }
  }
  if (!decoder_.has_partial()) {
    message_since_ = {};
  } else if (message_since_ == steady_clock::time_point()) {
    message_since_ = heard_at_;
  }
  flush();
}

task<> chat_socket::perform(chat_command asked) {
  if (auto* const begin = std::get_if<start_command>(&asked)) {
    co_await start(std::move(*begin));
  } else if (auto* const again = std::get_if<resume_command>(&asked)) {
    co_await resume(std::move(*again));
  } else {
    const auto stop = std::get<cancel_command>(std::move(asked));
    const auto outcome = co_await all_.agents().cancel(who_->caller(), stop.generation_id);
    frame_batch out(out_);
    if (!outcome) dialogue_.complain(stop.id, outcome.error(), out);
  }
}

task<> chat_socket::start(start_command asked) {
  telemetry::span trace = all_.spans().start(telemetry::names::span_chat, telemetry::span_kind::server, asked.trace);
  if (const auto allowed = co_await all_.limits().charge_chat(client_, *who_); !allowed) {
    frame_batch out(out_);
    dialogue_.refuse(asked.id, allowed.error(), out);
    trace.fail(allowed.error());
    co_return;
  }
  agent::start_request request{.request = std::move(asked.chat.request),
                               .who = who_->caller(),
                               .conversation_id = std::move(asked.chat.conversation_id),
                               .parent_id = std::move(asked.chat.parent_id),
                               .system = std::move(asked.chat.system),
                               .request_id = {},
                               .trace = trace.context(),
                               .key = std::move(asked.chat.key)};
  const auto begun = co_await all_.agents().start(std::move(request));
  frame_batch out(out_);
  if (!begun) {
    dialogue_.refuse(asked.id, begun.error(), out);
    trace.fail(begun.error());
    co_return;
  }
  co_await resume({.id = std::move(asked.id), .generation_id = begun->generation_id, .after = 0}, std::move(trace));
}

task<> chat_socket::resume(resume_command asked, telemetry::span trace) {
  const auto source = co_await all_.agents().follow(who_->caller(), asked.generation_id, asked.after);
  frame_batch out(out_);
  if (source) {
    dialogue_.open(asked.id, *source, asked.after, growth_, out, std::move(trace));
  } else {
    dialogue_.refuse(asked.id, source.error(), out);
  }
}

void chat_socket::flush() {
  if (ended_) return;
  if (writing_) return growth_.notify();
  if (!out_.empty()) {
    const asio::const_buffer whole(out_.data(), out_.size());
    const auto sent = socket_.try_write({&whole, 1});
    if (sent.error) return cut();
    all_.observer_.on_sent(sent.bytes);
    if (sent.bytes == out_.size()) {
      free_storage(out_);
    } else {
      out_.erase(0, sent.bytes);
    }
  }
  if (out_.empty() && closing_.finished()) return shut();
  if (out_.empty() && (!dialogue_.has_streams() || !closing_.may_send())) return;
  writing_ = true;
  const auto self = shared_from_this();
  asio::co_spawn(all_.get_executor(), write_all(), [self](std::exception_ptr broken) {
    self->writing_ = false;
    if (broken) {
      self->all_.observer_.on_socket_broken(broken);
      self->cut();
    } else if (self->closing_.finished()) {
      self->shut();
    } else {
      self->flush();  // what came while the last write ended
    }
  });
}

task<> chat_socket::write_all() {
  std::string sending;
  while (!ended_) {
    frame_batch batch(out_);
    if (closing_.may_send()) dialogue_.fill(batch, write_bytes_max);
    if (out_.empty()) {
      if (!dialogue_.has_streams() || !closing_.may_send()) break;
      co_await growth_.wait();
      continue;
    }
    sending.swap(out_);
    const asio::const_buffer whole(sending.data(), sending.size());
    const auto first = socket_.try_write({&whole, 1});
    error_code problem = first.error;
    if (!problem && first.bytes < sending.size())
      problem = co_await write_slowly(std::string_view(sending).substr(first.bytes));
    if (problem) {
      cut();
      break;
    }
    all_.observer_.on_sent(sending.size());
    sending.clear();
    written_.notify();
  }
  free_storage(out_);
}

// To a peer that is slower than we are: it is waited for as long as it keeps the least rate.
task<error_code> chat_socket::write_slowly(std::string_view bytes) {
  const settings& told = all_.told();
  const http::least_rate rate{.bytes_per_second = told.bytes_per_second_min, .slack = told.write_timeout};
  auto deadline = steady_clock::now() + told.write_timeout;
  std::int64_t taken = socket_.taken_bytes();
  async::watchdog patience(all_.get_executor(), [&] {
    const std::int64_t before = std::exchange(taken, socket_.taken_bytes());
    const auto now = steady_clock::now();
    deadline = rate.extend(deadline, static_cast<std::uint64_t>(std::max<std::int64_t>(taken - before, 0)), now);
    if (deadline > now) {
      patience.expire_at(deadline);
    } else {
      cut();
    }
  });
  patience.expire_at(deadline);
  co_return co_await socket_.write_all(bytes);
}

void chat_socket::close(std::uint16_t code, std::string_view reason) {
  if (ended_ || !closing_.may_send()) return;
  closing_.close(out_, code, reason);
  closing_since_ = steady_clock::now();
  flush();
}

void chat_socket::notify(std::string_view kind, std::string_view name, std::int64_t value) {
  if (ended_ || !closing_.may_send() || dialogue_.dialect() == chat_dialect::basic) return;
  frame_batch out(out_);
  out.begin();
  append_notice(out.text(), kind, name, value);
  out.end();
  flush();
}

void chat_socket::look_after(steady_clock::time_point now) {
  if (ended_) return;
  const settings& told = all_.told();
  if (!closing_.may_send()) {
    if (now - closing_since_ >= told.close_timeout) cut();
    return;
  }
  if (is_dripping(now)) return close(http::close_code::policy_violation, "a message was begun and came too slowly");
  const auto silence = now - heard_at_;
  if (silence >= 2 * told.heartbeat) {
    close(peer_silent, "no answer to our pings");
  } else if (silence >= told.heartbeat && !pinged_) {
    pinged_ = true;
    http::append_frame(out_, websocket_role::server, http::websocket_opcode::ping, {});
    flush();
  }
}

// Whether a message was begun and comes more slowly than anybody's line: it holds memory that others could use.
bool chat_socket::is_dripping(steady_clock::time_point now) {
  if (message_since_ == steady_clock::time_point()) return false;
  if (out_.size() > unsent_bytes_max) message_since_ = now;  // it is we who do not read
  const settings& told = all_.told();
  const std::chrono::seconds earned(decoder_.partial_bytes() / told.bytes_per_second_min);
  return now - message_since_ >= told.message_timeout + earned;
}

void chat_socket::shut() {
  if (ended_ || shut_) return;
  shut_ = true;
  closing_since_ = steady_clock::now();
  // Not closed at once: what the peer has sent meanwhile would make the kernel take our last bytes back.
  socket_.shutdown();
}

void chat_socket::cut() {
  if (ended_) return;
  ended_ = true;
  growth_.notify();
  written_.notify();
  socket_.close();  // the reader's wait ends
}

}  // namespace sluice::gateway
