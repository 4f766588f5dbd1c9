#include "bench/loadgen/load_run.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <sys/epoll.h>
#include <sys/socket.h>

namespace sluice::bench {

namespace {

nanoseconds_t to_ns(double seconds) {
  return static_cast<nanoseconds_t>(seconds * nanoseconds_per_second);
}

}  // namespace

load_run::load_run(const load_settings& settings)
    : settings_(settings), number_base_(static_cast<std::uint64_t>(monotonic_now()) << 20U) {
  if (settings_.requests != 0) settings_.warmup_s = 0;
}

load_run::~load_run() = default;

load_result load_run::run() {
  const nanoseconds_t now = monotonic_now();
  phase_end_ = now + to_ns(settings_.drain_s);
  loop_.timers().arm(*this, phase_end_);
  for (std::uint32_t i = 0; i < settings_.connections; ++i)
    connections_.push_back(std::make_unique<load_connection>(*this));
  loop_.run();
  return std::move(result_);
}

void load_run::became_free(load_connection& who) {
  const nanoseconds_t now = monotonic_now();
  if (phase_ == phase::opening) {
    free_.push_back(&who);
    if (++opened_ == settings_.connections) all_open(now);
    return;
  }
  --busy_;
  const bool open_loop = settings_.rate > 0;
  if (phase_ == phase::draining || enough()) {
    free_.push_back(&who);
    if (busy_ == 0) {
      if (phase_ != phase::draining) start_draining(now);
      loop_.stop();
    }
  } else if (!open_loop) {
    give_work(who, now);
  } else if (!waiting_.empty()) {
    const nanoseconds_t due = waiting_.front();
    waiting_.pop_front();
    give_work(who, due);
  } else {
    free_.push_back(&who);
  }
}

void load_run::all_open(nanoseconds_t now) {
  phase_ = phase::warmup;
  all_open_since_ = now;
  phase_end_ = now + to_ns(settings_.warmup_s);
  next_due_ = now;
  if (settings_.warmup_s == 0) start_measuring(now);
  on_due(now);
}

// The closed loop's first requests, spread over the warm-up: streams that all began at once would tick at once.
void load_run::start_some(nanoseconds_t now) {
  const nanoseconds_t warmup = to_ns(settings_.warmup_s);
  const nanoseconds_t passed = now - all_open_since_;
  const std::uint32_t wanted = passed >= warmup
                                   ? settings_.connections
                                   : static_cast<std::uint32_t>(settings_.connections * static_cast<double>(passed) /
                                                                static_cast<double>(warmup)) +
                                         1;
  for (; started_ < wanted && !free_.empty() && !enough(); ++started_) {
    load_connection* who = free_.back();
    free_.pop_back();
    give_work(*who, now);
  }
}

nanoseconds_t load_run::next_look(nanoseconds_t now) const {
  if (settings_.rate > 0) return std::min(next_due_, phase_end_);
  if (started_ == settings_.connections || enough()) return phase_end_;
  return std::min(phase_end_, now + to_ns(settings_.warmup_s) / settings_.connections + 1);
}

void load_run::give_work(load_connection& who, nanoseconds_t due) {
  ++busy_;
  who.ask(number_base_ + begun_++, due);
}

void load_run::on_due(nanoseconds_t now) {
  if (phase_ == phase::opening) {
    failed("not all connections could be opened in time");
    return loop_.stop();
  }
  if (phase_ == phase::draining) {
    if (busy_ > 0) failed(std::to_string(busy_) + " answers did not end in time");
    return loop_.stop();
  }
  if (now >= phase_end_ && phase_ == phase::measuring) {
    start_draining(now);
    if (busy_ == 0) loop_.stop();
    return;
  }
  if (now >= phase_end_) start_measuring(now);
  if (settings_.rate > 0)
    requests_due(now);
  else
    start_some(now);
  loop_.timers().arm(*this, next_look(now));
}

void load_run::requests_due(nanoseconds_t now) {
  const nanoseconds_t period = to_ns(1 / settings_.rate);
  for (; next_due_ <= now; next_due_ += period) {
    if (free_.empty()) {
      waiting_.push_back(next_due_);
      continue;
    }
    load_connection* who = free_.back();
    free_.pop_back();
    give_work(*who, next_due_);
  }
}

void load_run::start_measuring(nanoseconds_t now) {
  phase_ = phase::measuring;
  measuring_since_ = now;
  phase_end_ = now + to_ns(settings_.duration_s);
  result_.before = measure_processes(settings_.pids);
}

void load_run::start_draining(nanoseconds_t now) {
  phase_ = phase::draining;
  result_.after = measure_processes(settings_.pids);
  result_.elapsed_s = static_cast<double>(now - measuring_since_) / nanoseconds_per_second;
  loop_.timers().arm(*this, now + to_ns(settings_.drain_s));
}

void load_run::tokens_came(std::uint32_t count) {
  if (phase_ == phase::measuring) result_.tokens += count;
}

void load_run::first_token(nanoseconds_t due, nanoseconds_t now) {
  if (phase_ == phase::measuring) result_.first_token.record(now - due);
}

void load_run::answered(nanoseconds_t due, nanoseconds_t now) {
  if (phase_ != phase::measuring) return;
  ++result_.requests;
  result_.latency.record(now - due);
}

void load_run::failed(const std::string& why) {
  if (result_.failures++ == 0) result_.first_failure = why;
  // One failure spoils the run: there is nothing more to learn from it.
  loop_.stop();
}

load_connection::load_connection(load_run& owner)
    : run_(owner), socket_(connect_to(owner.settings().address)), exchange_(make_exchange(owner.settings().exchange)) {
  run_.loop().watch(socket_.get(), EPOLLOUT, *this);
}

void load_connection::on_ready(std::uint32_t events) {
  if (!socket_.is_open()) return;
  if (!connected_) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return give_up(std::string("cannot connect: ") + std::strerror(error));
    connected_ = true;
    run_.loop().rewatch(socket_.get(), EPOLLIN, *this);
    exchange_->open(output_);
    write();
    if (exchange_->ready()) run_.became_free(*this);
    return;
  }
  if ((events & EPOLLOUT) != 0) {
    run_.loop().rewatch(socket_.get(), EPOLLIN, *this);
    write();
  }
  if (socket_.is_open() && (events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) read();
}

void load_connection::ask(std::uint64_t number, nanoseconds_t due) {
  due_ = due;
  asking_ = true;
  tokens_seen_ = 0;
  exchange_->begin(output_, number);
  write();
}

void load_connection::write() {
  const io_state state = write_from(socket_, output_, sent_);
  if (state == io_state::closed) return give_up("the connection was closed while a request was sent");
  if (state == io_state::would_block) return run_.loop().rewatch(socket_.get(), EPOLLIN | EPOLLOUT, *this);
  output_.clear();
  sent_ = 0;
}

void load_connection::read() {
  const io_state state = read_into(socket_, input_);
  const bool was_ready = exchange_->ready();
  if (!input_.empty()) exchange_->feed(input_, output_);
  if (state == io_state::closed) exchange_->peer_closed();
  check(was_ready);
}

void load_connection::check(bool was_ready) {
  if (!exchange_->failure().empty()) return give_up(exchange_->failure());
  if (!output_.empty()) write();
  if (!was_ready && exchange_->ready()) return run_.became_free(*this);
  if (!asking_) return;
  const nanoseconds_t now = monotonic_now();
  if (tokens_seen_ == 0 && exchange_->tokens() > 0) run_.first_token(due_, now);
  run_.tokens_came(exchange_->tokens() - tokens_seen_);
  tokens_seen_ = exchange_->tokens();
  if (exchange_->busy()) return;
  asking_ = false;
  run_.answered(due_, now);
  run_.became_free(*this);
}

void load_connection::give_up(const std::string& why) {
  run_.loop().forget(socket_.get());
  socket_.close();
  run_.failed(why);
}

}  // namespace sluice::bench
