// What must hold for every input. Unlike assert it also holds in release builds, and libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace sluice::fuzz {

/// Ends the process if `holds` is false, saying what should have been true.
inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace sluice::fuzz
