// llmsim: a simulated provider of language models that is never the bottleneck and misbehaves when told to.
#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include "bench/llmsim/connection.hpp"

namespace {

void allow_all_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int count, char** arguments) try {
  namespace bench = sluice::bench;
  CLI::App options("A simulated provider: OpenAI's chat completions at any pace, with any fault; see bench/README.md");
  std::string listen = "127.0.0.1:0";
  std::string plan;
  bench::provider_settings settings;
  options.add_option("--listen", listen, "Address and port; port 0 picks a free one")->capture_default_str();
  options.add_option("--plan", plan, "What requests get that say nothing else, e.g. tokens=200,rate=20");
  options.add_option("--api-key", settings.api_key, "Refuse requests without this key (401)");
  options.add_option("--model", settings.model, "What /v1/models lists")->capture_default_str();
  CLI11_PARSE(options, count, arguments);
  if (const auto applied = settings.plan.apply(plan); !applied) {
    std::fprintf(stderr, "llmsim: --plan: %s\n", applied.error().c_str());
    return 2;
  }

  allow_all_files();
  bench::event_loop::stop_on_signal();
  bench::event_loop loop;
  bench::provider provider(settings);
  bench::socket_handle listener = bench::listen_on(bench::parse_address(listen));
  const std::string address = bench::format_address(bench::local_address(listener));
  const bench::acceptor acceptor(loop, provider, std::move(listener));
  std::printf("ready http://%s\n", address.c_str());
  std::fflush(stdout);
  loop.run();
  return 0;
} catch (const std::exception& failure) {
  std::fprintf(stderr, "llmsim: %s\n", failure.what());
  return 1;
}
