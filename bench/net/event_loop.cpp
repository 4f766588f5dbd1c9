#include "bench/net/event_loop.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>

#include <sys/epoll.h>
#include <unistd.h>

namespace sluice::bench {

namespace {

volatile std::sig_atomic_t signalled = 0;

}  // namespace

nanoseconds_t monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * nanoseconds_per_second + now.tv_nsec;
}

timer::~timer() {
  if (armed()) heap_->disarm(*this);
}

timer_heap::~timer_heap() {
  for (timer* which : heap_)
    which->position_ = timer::unarmed;
}

void timer_heap::arm(timer& which, nanoseconds_t due) {
  which.due_ = due;
  which.heap_ = this;
  if (which.armed()) {
    rise(which.position_);
    sink(which.position_);
    return;
  }
  heap_.push_back(&which);
  which.position_ = heap_.size() - 1;
  rise(which.position_);
}

void timer_heap::disarm(timer& which) {
  if (!which.armed()) return;
  const std::size_t hole = which.position_;
  timer* last = heap_.back();
  heap_.pop_back();
  which.position_ = timer::unarmed;
  if (last == &which) return;
  place(hole, last);
  rise(hole);
  sink(last->position_);
}

void timer_heap::run_due(nanoseconds_t now) {
  while (!heap_.empty() && heap_.front()->due_ <= now) {
    timer* first = heap_.front();
    disarm(*first);
    first->on_due(now);
  }
}

void timer_heap::place(std::size_t position, timer* which) {
  heap_[position] = which;
  which->position_ = position;
}

void timer_heap::rise(std::size_t position) {
  timer* which = heap_[position];
  while (position > 0) {
    const std::size_t parent = (position - 1) / 2;
    if (heap_[parent]->due_ <= which->due_) break;
    place(position, heap_[parent]);
    position = parent;
  }
  place(position, which);
}

void timer_heap::sink(std::size_t position) {
  timer* which = heap_[position];
  for (;;) {
    std::size_t child = 2 * position + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1]->due_ < heap_[child]->due_) ++child;
    if (which->due_ <= heap_[child]->due_) break;
    place(position, heap_[child]);
    position = child;
  }
  place(position, which);
}

event_loop::event_loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
}

event_loop::~event_loop() {
  close(epoll_);
}

void event_loop::watch(int descriptor, std::uint32_t events, watcher& who) {
  epoll_event event{.events = events, .data = {.ptr = &who}};
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) < 0)
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
}

void event_loop::rewatch(int descriptor, std::uint32_t events, watcher& who) {
  epoll_event event{.events = events, .data = {.ptr = &who}};
  epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event);
}

void event_loop::forget(int descriptor) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
}

void event_loop::run() {
  while (running_ && signalled == 0) {
    wait_and_deliver();
    // A timer armed for "at once" by a call in this round is due after this reading of the clock.
    timers_.run_due(monotonic_now());
    retired_.clear();
  }
}

void event_loop::wait_and_deliver() {
  std::array<epoll_event, 512> events;
  timespec timeout{};
  const timespec* limit = nullptr;
  if (!timers_.empty()) {
    const nanoseconds_t wait = std::max<nanoseconds_t>(0, timers_.next_due() - monotonic_now());
    timeout = {.tv_sec = wait / nanoseconds_per_second, .tv_nsec = wait % nanoseconds_per_second};
    limit = &timeout;
  }
  const int ready = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), limit, nullptr);
  if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category(), "epoll_pwait2");
  for (int i = 0; i < ready; ++i)
    static_cast<watcher*>(events[i].data.ptr)->on_ready(events[i].events);
}

void event_loop::stop_on_signal() {
  struct sigaction action{};
  action.sa_handler = [](int) { signalled = 1; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

}  // namespace sluice::bench
