#include <string>

#include <benchmark/benchmark.h>

#include "bench/loadgen/websocket_frames.hpp"
#include "http/websocket_codec.hpp"

namespace sluice::bench {
namespace {

// Masked text messages of `range(0)` bytes, each in one frame, as clients send them.
void decode_client_messages(benchmark::State& state) {
  std::string frame;
  append_frame(frame, frame_kind::text, std::string(static_cast<std::size_t>(state.range(0)), 'a'), 0x12345678);
  std::string bytes;
  http::websocket_decoder decoder(http::websocket_role::server, 1 << 20);
  for (auto _ : state) {
    bytes = frame;  // the decoder unmasks in place
    decoder.feed(bytes);
    while (const auto event = decoder.next())
      benchmark::DoNotOptimize(event->payload.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_client_messages)->Arg(24)->Arg(512)->Arg(16384)->ArgName("payload_bytes");

}  // namespace
}  // namespace sluice::bench
