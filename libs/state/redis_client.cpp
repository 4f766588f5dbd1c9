#include "state/redis_client.hpp"

#include <array>

#include <openssl/evp.h>

#include "state/redis_link.hpp"
#include "telemetry/names.hpp"

namespace sluice::state {
namespace {

namespace names = telemetry::names;

std::string sha1_hex(std::string_view text) {
  std::array<unsigned char, 20> bytes{};
  EVP_Digest(text.data(), text.size(), bytes.data(), nullptr, EVP_sha1(), nullptr);
  std::string hex;
  for (const unsigned char one : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[one >> 4U];
    hex += digits[one & 15U];
  }
  return hex;
}

std::string make_script_command(std::string_view how, std::string_view what, const std::vector<std::string>& keys,
                                const std::vector<std::string>& arguments) {
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> words = {how, what, count};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::string command;
  append_command(command, words);
  return command;
}

result<redis_reply> without_error(result<redis_reply> reply) {
  if (reply && reply->is_error()) return std::unexpected(make_redis_error(understand_error(reply->text)));
  return reply;
}

}  // namespace

redis_script::redis_script(std::string text) : text_(std::move(text)), sha1_(sha1_hex(text_)) {}

redis_instruments::redis_instruments(telemetry::metric_registry& in)
    : up(in.make_gauge(names::redis_up)),
      waiting(in.make_gauge(names::redis_waiting)),
      reconnects(in.make_counter(names::redis_connections)),
      seconds(in.make_histogram(names::redis_seconds,
                                {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1})),
      errors(in.make_counters(names::redis_errors, {"reason"})) {}

redis_client::redis_client(executor on, redis_settings told, const telemetry::logger& log, redis_instruments* watch)
    : link_(std::make_shared<redis_link>(on, std::move(told), log, watch)) {
  link_->begin();
}

redis_client::~redis_client() {
  link_->end();
}

const redis_settings& redis_client::told() const {
  return link_->told();
}

task<result<redis_reply>> redis_client::call(std::initializer_list<std::string_view> words) {
  std::string command;
  append_command(command, std::span(words.begin(), words.size()));
  return ask(std::move(command));
}

task<result<redis_reply>> redis_client::ask(std::string command) {
  co_return without_error(co_await link_->ask(std::move(command)));
}

task<result<redis_reply>> redis_client::run(const redis_script& script, std::vector<std::string> keys,
                                            std::vector<std::string> arguments) {
  auto reply = co_await link_->ask(make_script_command("EVALSHA", script.sha1(), keys, arguments));
  if (reply && reply->is_error() && reply->text.starts_with("NOSCRIPT"))
    reply = co_await link_->ask(make_script_command("EVAL", script.text(), keys, arguments));
  co_return without_error(std::move(reply));
}

task<result<void>> redis_client::check() {
  const auto reply = co_await call({"PING"});
  if (reply) co_return result<void>();
  error why = reply.error();
  why.message = link_->describe(why.detail);
  co_return std::unexpected(std::move(why));
}

}  // namespace sluice::state
