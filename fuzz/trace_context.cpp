// What a stranger says of its trace: it is taken whole or not at all, and what is passed on is sound.
#include "telemetry/trace_context.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::telemetry;
  using sluice::fuzz::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t line = std::min(text.find('\n'), text.size());
  const std::string_view state = text.substr(std::min(line + 1, text.size()));

  const trace_context read = parse_trace_context(text.substr(0, line), state);
  require(read.is_valid() || read == trace_context(), "what is malformed is none");
  if (!read.is_valid()) return 0;
  const auto is_safe = [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; };
  require(std::ranges::all_of(read.state, is_safe), "what is passed on fits into a header");
  require(parse_trace_context(read.parent_text(), read.state) == read, "what is passed on is understood");
  return 0;
}
