#include "bench/loadgen/report.hpp"

#include <fmt/format.h>

namespace sluice::bench {

namespace {

std::string to_json(const histogram& of) {
  const auto us = [&](double quantile) { return static_cast<double>(of.at(quantile)) / 1000; };
  return fmt::format(
      R"({{"count":{},"mean":{:.3f},"p50":{:.3f},"p90":{:.3f},"p99":{:.3f},"p999":{:.3f},"max":{:.3f}}})", of.count(),
      of.mean() / 1000, us(0.5), us(0.9), us(0.99), us(0.999), static_cast<double>(of.max()) / 1000);
}

double per(double count, double of) {
  return of > 0 ? count / of : 0;
}

}  // namespace

std::string to_json(const load_result& result) {
  const double cpu_s = result.after.cpu_s - result.before.cpu_s;
  const auto requests = static_cast<double>(result.requests);
  const auto tokens = static_cast<double>(result.tokens);
  return fmt::format(
      R"({{"elapsed_s":{:.3f},"requests":{},"tokens":{},"cpu_s":{:.4f},"requests_per_s":{:.1f},"tokens_per_s":{:.1f},)"
      R"("requests_per_cpu_s":{:.1f},"tokens_per_cpu_s":{:.1f},"cpu_us_per_request":{:.3f},"cpu_us_per_token":{:.3f},)"
      R"("rss_bytes":{},"latency_us":{},"first_token_us":{}}})",
      result.elapsed_s, result.requests, result.tokens, cpu_s, per(requests, result.elapsed_s),
      per(tokens, result.elapsed_s), per(requests, cpu_s), per(tokens, cpu_s), per(cpu_s * 1e6, requests),
      per(cpu_s * 1e6, tokens), result.after.rss_bytes, to_json(result.latency), to_json(result.first_token));
}

std::string to_json(const idle_result& result) {
  const auto difference = [](std::uint64_t more, std::uint64_t less) {
    return static_cast<double>(more) - static_cast<double>(less);
  };
  const double user = difference(result.after.rss_bytes, result.before.rss_bytes);
  const double kernel = difference(result.kernel_after_bytes, result.kernel_before_bytes);
  return fmt::format(
      R"({{"sockets":{},"opening_s":{:.3f},"rss_before_bytes":{},"rss_after_bytes":{},"user_bytes_per_socket":{:.1f},)"
      R"("total_bytes_per_socket":{:.1f}}})",
      result.open, result.opening_s, result.before.rss_bytes, result.after.rss_bytes, per(user, result.open),
      per(user + kernel, result.open));
}

}  // namespace sluice::bench
