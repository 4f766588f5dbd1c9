#include "telemetry/tracer.hpp"

#include <cstring>
#include <random>

namespace sluice::telemetry {
namespace {

template <std::size_t Size>
void fill_random(std::array<std::uint8_t, Size>& id) {
  static_assert(Size % sizeof(std::uint64_t) == 0);
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  for (std::size_t at = 0; at < Size; at += sizeof(std::uint64_t)) {
    const std::uint64_t drawn = random() | 1;  // never all zero
    std::memcpy(id.data() + at, &drawn, sizeof drawn);
  }
}

// The same trace is in or out everywhere: by the last seven bytes of its id, which are random
// (https://www.w3.org/TR/trace-context-2/#randomness-of-trace-id).
bool is_in_share(const trace_context& begun, double ratio) {
  std::uint64_t number = 0;
  for (std::size_t i = 9; i < begun.trace_id.size(); ++i)
    number = number << 8 | begun.trace_id[i];
  constexpr double numbers = 0x1p56;
  return static_cast<double>(number) >= (1 - ratio) * numbers;
}

}  // namespace

bool tracer::decide(const trace_context& parent, const trace_context& begun) const {
  if (sampling_.follow_parent && parent.is_valid()) return parent.sampled;
  switch (sampling_.roots) {
    case sampling::rule::all:
      return true;
    case sampling::rule::none:
      return false;
    case sampling::rule::share:
      return is_in_share(begun, sampling_.ratio);
  }
  return false;
}

span tracer::start(std::string_view name, span_kind kind, const trace_context& parent) const {
  if (!is_on()) return span(parent);
  trace_context begun;
  const bool is_child = parent.is_valid();
  if (is_child) {
    begun.trace_id = parent.trace_id;
    begun.state = parent.state;
  } else {
    fill_random(begun.trace_id);
  }
  fill_random(begun.span_id);
  begun.sampled = decide(parent, begun);
  if (!begun.sampled) return span(std::move(begun));
  auto record = std::make_unique<span_record>();
  record->context = std::move(begun);
  if (is_child) record->parent = parent;
  record->kind = kind;
  record->name = name;
  record->start = std::chrono::system_clock::now();
  return {std::move(record), sink_};
}

}  // namespace sluice::telemetry
