#include <algorithm>
#include <string>

#include <benchmark/benchmark.h>

#include "bench/llmsim/openai_chat.hpp"
#include "http/sse_parser.hpp"

namespace sluice::bench {
namespace {

// 200 tokens as the simulated provider sends them, read in pieces of `range(0)` bytes (0: all at once).
void parse_provider_stream(benchmark::State& state) {
  openai_chat words({.model = "sim"});
  std::string stream;
  for (int i = 0; i < 200; ++i)
    words.text(stream, " word");
  const std::size_t stream_bytes = stream.size();
  stream.resize(stream_bytes + http::sse_parser::readable_padding);
  const std::size_t piece = state.range(0) == 0 ? stream_bytes : static_cast<std::size_t>(state.range(0));
  std::size_t events = 0;
  for (auto _ : state) {
    http::sse_parser parser(1 << 20);
    for (std::size_t begin = 0; begin < stream_bytes; begin += piece) {
      parser.feed(std::string_view(stream).substr(begin, std::min(piece, stream_bytes - begin)));
      while (const auto event = parser.next()) {
        benchmark::DoNotOptimize(event->data.data());
        ++events;
      }
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * stream_bytes));
}
BENCHMARK(parse_provider_stream)->Arg(0)->Arg(1460)->Arg(64)->ArgName("piece_bytes");

}  // namespace
}  // namespace sluice::bench
