// Results as JSON, one object on one line.
#pragma once

#include <string>

#include "bench/loadgen/idle_run.hpp"
#include "bench/loadgen/load_run.hpp"

namespace sluice::bench {

std::string to_json(const load_result& result);
std::string to_json(const idle_result& result);

}  // namespace sluice::bench
