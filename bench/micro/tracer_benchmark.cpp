// What the spans of one request cost: with traces off, not sampled, one in a hundred sampled, all of them.
#include <benchmark/benchmark.h>

#include "telemetry/names.hpp"
#include "telemetry/tracer.hpp"

namespace {

using namespace sluice::telemetry;

class no_sink final : public span_sink {
 public:
  void take(std::unique_ptr<span_record> ended) override { benchmark::DoNotOptimize(ended); }
};

// The request, its generation, the attempt: as many words as they really say.
void trace_a_request(const tracer& with) {
  span request = with.start("HTTP", span_kind::server);
  if (request.is_recording()) request.set_name("POST /v1/chat/completions");
  request.set({names::http_route, "/v1/chat/completions"});
  request.set({names::url_path, "/v1/chat/completions"});
  span generation = with.start(names::span_generation, span_kind::internal, request.context());
  generation.set({names::span_generation_id, "gen_01JD9Z7T5N8Q4R6W2X3Y"});
  span attempt = with.start("chat", span_kind::client, generation.context());
  attempt.set({names::gen_ai_request_model, "gpt-5-mini"});
  attempt.set({names::gen_ai_input_tokens, 1000});
  attempt.add_event(names::event_first_token);
  benchmark::DoNotOptimize(attempt.context());
}

void request(benchmark::State& state, double ratio) {
  const auto sink = std::make_shared<no_sink>();
  const tracer on({.roots = sampling::rule::share, .ratio = ratio}, sink);
  const tracer off;
  for (auto _ : state)
    trace_a_request(ratio < 0 ? off : on);
}

BENCHMARK_CAPTURE(request, off, -1);
BENCHMARK_CAPTURE(request, not_sampled, 0);
BENCHMARK_CAPTURE(request, one_percent, 0.01);
BENCHMARK_CAPTURE(request, all, 1);

}  // namespace
