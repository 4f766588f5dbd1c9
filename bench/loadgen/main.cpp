// loadgen: asks as many clients would, checks every byte of every answer, and says what it cost.
// One wrong, missing or repeated token: FAILED instead of figures, and exit code 1.
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include "bench/loadgen/report.hpp"

namespace {

namespace bench = sluice::bench;

struct options {
  std::string url;
  std::string face = "sse";
  std::string plan;
  bench::load_settings load;
  bench::idle_settings idle;
};

void allow_all_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// "http://127.0.0.1:8080/v1/chat/completions" → address, host and path.
void take_url(const std::string& url, sockaddr_in& address, std::string& host, std::string& path) {
  const std::size_t scheme = url.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t slash = url.find('/', begin);
  host = url.substr(begin, slash == std::string::npos ? slash : slash - begin);
  path = slash == std::string::npos ? "/" : url.substr(slash);
  address = bench::parse_address(host);
}

int report(const std::string& failure, const std::string& figures) {
  if (!failure.empty()) {
    std::printf("FAILED\n");
    std::fflush(stdout);
    std::fprintf(stderr, "loadgen: %s\n", failure.c_str());
    return 1;
  }
  std::printf("%s\n", figures.c_str());
  return 0;
}

int run_load(options& given) {
  bench::exchange_settings& exchange = given.load.exchange;
  exchange.face = bench::parse_client_face(given.face);
  if (const auto applied = exchange.plan.apply(given.plan); !applied)
    throw std::runtime_error("--plan: " + applied.error());
  take_url(given.url, given.load.address, exchange.host, exchange.path);
  const bench::load_result result = bench::load_run(given.load).run();
  const bool empty = result.failures == 0 && result.requests == 0;
  return report(empty ? "not one request was answered in the time measured" : result.first_failure, to_json(result));
}

int run_idle(options& given) {
  take_url(given.url, given.idle.address, given.idle.host, given.idle.path);
  const bench::idle_result result = bench::run_idle(given.idle);
  return report(result.failure, to_json(result));
}

void add_load_options(CLI::App& command, options& given) {
  bench::load_settings& load = given.load;
  command.add_option("--url", given.url, "http://ADDRESS:PORT/PATH")->required();
  command.add_option("--face", given.face, "json, sse, ws-basic, ws-full, ws-ping or ws-echo")->capture_default_str();
  command.add_option("--key", load.exchange.key, "API key or token");
  command.add_option("--model", load.exchange.model, "The model that is asked for")->capture_default_str();
  command.add_option("--plan", given.plan, "What the answers must hold, as llmsim was told, e.g. tokens=200,size=5");
  command.add_option("--message-bytes", load.exchange.message_bytes, "Size of a user's message")->capture_default_str();
  command.add_option("--connections", load.connections, "How many at once")->capture_default_str();
  command.add_option("--rate", load.rate, "Requests a second (open loop); 0: each as soon as the last is answered");
  command.add_option("--warmup", load.warmup_s, "Seconds before anything counts")->capture_default_str();
  command.add_option("--duration", load.duration_s, "Seconds that count")->capture_default_str();
  command.add_option("--drain", load.drain_s, "Seconds for what is under way at the end")->capture_default_str();
  command.add_option("--requests", load.requests, "End after so many, in at most --duration seconds");
  command.add_option("--pid", load.pids, "The process whose CPU and memory are read, or several: 17,18")
      ->delimiter(',');
}

void add_idle_options(CLI::App& command, options& given) {
  bench::idle_settings& idle = given.idle;
  command.add_option("--url", given.url, "http://ADDRESS:PORT/PATH")->required();
  command.add_option("--key", idle.key, "API key or token");
  command.add_option("--protocol", idle.protocol, "Subprotocol to offer");
  command.add_option("--sockets", idle.sockets, "How many")->capture_default_str();
  command.add_option("--sockets-per-source", idle.sockets_per_source, "From each own address")->capture_default_str();
  command.add_option("--settle", idle.settle_s, "Seconds before memory is read")->capture_default_str();
  command.add_option("--timeout", idle.timeout_s, "Seconds to open all")->capture_default_str();
  command.add_option("--pid", idle.pid, "The process whose memory is read");
}

}  // namespace

int main(int count, char** arguments) try {
  CLI::App app("A load generator that checks every byte of every answer; see bench/README.md");
  options given;
  CLI::App* const load = app.add_subcommand("load", "Ask, check, measure");
  CLI::App* const idle = app.add_subcommand("idle", "Open WebSockets that do nothing, and measure memory");
  app.require_subcommand(1);
  add_load_options(*load, given);
  add_idle_options(*idle, given);
  CLI11_PARSE(app, count, arguments);
  allow_all_files();
  bench::event_loop::stop_on_signal();
  return load->parsed() ? run_load(given) : run_idle(given);
} catch (const std::exception& failure) {
  std::printf("FAILED\n");
  std::fprintf(stderr, "loadgen: %s\n", failure.what());
  return 2;
}
