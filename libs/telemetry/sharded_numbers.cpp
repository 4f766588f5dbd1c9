#include "telemetry/sharded_numbers.hpp"

#include <bit>
#include <stdexcept>

#include "async/worker_pool.hpp"

namespace sluice::telemetry {

sharded_numbers::row::~row() {
  for (const auto& each : pages)
    delete each.load(std::memory_order_relaxed);
}

std::atomic<std::uint64_t>& sharded_numbers::row::at(std::size_t number) {
  return (*pages[number / numbers_per_page].load(std::memory_order_acquire))[number % numbers_per_page];
}

sharded_numbers::sharded_numbers(std::size_t workers) {
  for (std::size_t i = 0; i < workers + 1; ++i)
    rows_.push_back(std::make_unique<row>());
}

std::size_t sharded_numbers::reserve(std::size_t count) {
  const std::lock_guard held(growing_);
  if (count > numbers_max - reserved_) throw std::length_error("too many metrics");
  const std::size_t first = reserved_;
  reserved_ += count;
  for (std::size_t page_index = first / numbers_per_page; page_index * numbers_per_page < reserved_; ++page_index) {
    for (const auto& each : rows_) {
      auto& slot = each->pages[page_index];
      if (!slot.load(std::memory_order_relaxed)) slot.store(new page{}, std::memory_order_release);
    }
  }
  return first;
}

sharded_numbers::row& sharded_numbers::here() {
  const std::size_t others = rows_.size() - 1;
  if (!async::on_worker()) return *rows_[others];
  return *rows_[std::min(async::this_worker(), others)];
}

void sharded_numbers::add(std::size_t number, std::int64_t amount) {
  here().at(number).fetch_add(static_cast<std::uint64_t>(amount), std::memory_order_relaxed);
}

void sharded_numbers::add_real(std::size_t number, double amount) {
  std::atomic<std::uint64_t>& to = here().at(number);
  std::uint64_t bits = to.load(std::memory_order_relaxed);
  while (!to.compare_exchange_weak(bits, std::bit_cast<std::uint64_t>(std::bit_cast<double>(bits) + amount),
                                   std::memory_order_relaxed)) {
  }
}

std::int64_t sharded_numbers::sum(std::size_t number) const {
  std::uint64_t total = 0;
  for (const auto& each : rows_)
    total += each->at(number).load(std::memory_order_relaxed);
  return static_cast<std::int64_t>(total);
}

double sharded_numbers::sum_real(std::size_t number) const {
  double total = 0;
  for (const auto& each : rows_)
    total += std::bit_cast<double>(each->at(number).load(std::memory_order_relaxed));
  return total;
}

}  // namespace sluice::telemetry
