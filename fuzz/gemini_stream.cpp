// Any bytes as a stream of Gemini.
#include "agent/providers/gemini_stream.hpp"

#include "provider_stream.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::fuzz::check_stream<sluice::agent::gemini_stream>(data, size);
  return 0;
}
