// Any bytes as a stream of Anthropic.
#include "agent/providers/anthropic_stream.hpp"

#include "provider_stream.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check_stream<sluice::agent::anthropic_stream>(data, size);
  return 0;
}
