// What traces say about generations and attempts at providers: OpenTelemetry's conventions for generative AI.
#pragma once

#include "agent/agent_service.hpp"
#include "agent/generation_table.hpp"
#include "agent/provider.hpp"
#include "generation/delta.hpp"
#include "generation/request.hpp"
#include "telemetry/tracer.hpp"

namespace sluice::agent {

/// From the request's acceptance to its record.
telemetry::span begin_generation_span(const telemetry::tracer& from, const start_request& asked,
                                      const live_generation& begun);
/// One try at one provider, the `number`th of the generation. Content is in it only where the tracer shows it.
telemetry::span begin_attempt_span(const telemetry::tracer& from, const live_generation& of,
                                   const generation::request& asked, const provider& to, const std::string& model,
                                   std::uint32_t number);
/// What became of the attempt.
void end_attempt_span(telemetry::span& attempt, const generation::finish& how, const generation::log& answer,
                      bool shows_content);
/// What became of the generation; ends its span.
void end_generation_span(telemetry::span& generation, const generation::finish& how, const generation::log& answer);

}  // namespace sluice::agent
