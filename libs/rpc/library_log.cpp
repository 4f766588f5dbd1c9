#include "rpc/library_log.hpp"

#include <atomic>
#include <memory>

#include <grpc/support/log.h>

namespace sluice::rpc {
namespace {

struct taker {
  telemetry::logger log;
  telemetry::log_limit lines{std::chrono::seconds(1)};
};

// gRPC takes a function without an object, and calls it on its own threads to the end of the process.
std::atomic<std::shared_ptr<taker>> taker_of_lines;

void take(gpr_log_func_args* line) {
  const auto to = taker_of_lines.load();
  if (!to || line->severity == GPR_LOG_SEVERITY_DEBUG) return;
  const auto left_out = to->lines.admit();
  if (!left_out) return;
  const auto level =
      line->severity == GPR_LOG_SEVERITY_ERROR ? telemetry::log_level::warning : telemetry::log_level::debug;
  to->log.log(level, "gRPC says", {{"text", line->message}, {"left_out", *left_out}});
}

}  // namespace

library_log::library_log(const telemetry::logger& log) {
  taker_of_lines.store(std::make_shared<taker>(log));
  gpr_set_log_function(take);
}

library_log::~library_log() {
  gpr_set_log_function(nullptr);
  taker_of_lines.store(nullptr);
}

}  // namespace sluice::rpc
