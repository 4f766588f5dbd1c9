// What the process itself uses, under the names that Prometheus' own clients give it. Linux.
#pragma once

#include <functional>
#include <vector>

#include "telemetry/names.hpp"

namespace sluice::telemetry {

struct process_metric {
  metric what;
  bool grows;  ///< a counter, else a gauge
  std::function<double()> read;
};

std::vector<process_metric> process_metrics();

}  // namespace sluice::telemetry
