// Numbers that many threads add to and somebody sums up now and then.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace sluice::telemetry {

/// Numbers in one row per worker, and one for all other threads; a number's value is the sum over the rows.
class sharded_numbers {
 public:
  static constexpr std::size_t numbers_max = 16'384;

  explicit sharded_numbers(std::size_t workers);
  /// Numbers that start at zero; returns the first. From any thread. Throws std::length_error when `numbers_max` is
  /// passed: metrics are made at wiring and their labels are bounded.
  std::size_t reserve(std::size_t count);
  /// From any thread; contended only between threads that are no workers.
  void add(std::size_t number, std::int64_t amount);
  void add_real(std::size_t number, double amount);
  std::int64_t sum(std::size_t number) const;
  double sum_real(std::size_t number) const;

 private:
  static constexpr std::size_t numbers_per_page = 512;
  using page = std::array<std::atomic<std::uint64_t>, numbers_per_page>;
  struct row {
    std::array<std::atomic<page*>, numbers_max / numbers_per_page> pages{};
    ~row();
    std::atomic<std::uint64_t>& at(std::size_t number);
  };
  row& here();

  std::vector<std::unique_ptr<row>> rows_;  // that of all other threads last
  std::mutex growing_;
  std::size_t reserved_ = 0;
};

}  // namespace sluice::telemetry
