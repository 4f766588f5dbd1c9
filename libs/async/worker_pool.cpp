#include "async/worker_pool.hpp"

#include <algorithm>
#include <cassert>
#include <string>

#include <pthread.h>

namespace sluice::async {
namespace {

constexpr std::size_t no_worker = static_cast<std::size_t>(-1);
thread_local std::size_t current_worker = no_worker;

}  // namespace

std::size_t this_worker() {
  assert(current_worker != no_worker);
  return current_worker;
}

bool on_worker() {
  return current_worker != no_worker;
}

void worker::run() {
  current_worker = index_;
  wakeup::waiting_here_ = &waits_;
  pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index_)).c_str());
  context_.run();
}

void worker::run_one() {
  const std::size_t before = std::exchange(current_worker, index_);
  wakeup::list* const waits_before = std::exchange(wakeup::waiting_here_, &waits_);
  context_.run_one();
  current_worker = before;
  wakeup::waiting_here_ = waits_before;
}

void worker::give_up_waits() {
  while (!waits_.empty())
    std::ignore = waits_.front().take_waiter();  // which may take more of them along
}

worker_pool::worker_pool(std::size_t count) {
  if (count == 0) count = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<worker>(i));
}

worker_pool::~worker_pool() {
  stop();
}

void worker_pool::start() {
  for (const auto& one : workers_) {
    threads_.emplace_back([&worker = *one] { worker.run(); });
  }
}

void worker_pool::stop() {
  for (const auto& one : workers_)
    one->context_.stop();
  for (std::thread& thread : threads_)
    thread.join();
  threads_.clear();
  for (const auto& one : workers_)
    one->give_up_waits();
}

}  // namespace sluice::async
