// `sluice healthcheck`: for containers and scripts.
#pragma once

#include <ostream>
#include <string>

namespace sluice::app {

struct healthcheck_options {
  std::string url = "http://127.0.0.1:8080";
};

/// Asks `/readyz`, for at most five seconds. 0 if it is ready, 69 if not, 2 if the URL is none.
int run_healthcheck(const healthcheck_options& how, std::ostream& out, std::ostream& err);

}  // namespace sluice::app
