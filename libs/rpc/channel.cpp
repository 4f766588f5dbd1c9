#include "rpc/channel.hpp"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "rpc/client.hpp"
#include "rpc/grpc_security.hpp"
#include "rpc/v1/node.grpc.pb.h"

namespace sluice::rpc {
namespace {

using std::chrono::seconds;

constexpr seconds keep_alive_interval{20};
constexpr seconds keep_alive_patience{10};
constexpr milliseconds reconnect_first{200};
constexpr milliseconds reconnect_last{2'000};
constexpr milliseconds resolve_interval{1'000};
constexpr int metadata_bytes_max = 64 << 10;

constexpr char all_in_turn[] = R"({"loadBalancingConfig":[{"round_robin":{}}]})";
constexpr char serving_in_turn[] =
    R"({"loadBalancingConfig":[{"round_robin":{}}],"healthCheckConfig":{"serviceName":""}})";

grpc::ChannelArguments make_arguments(std::size_t message_bytes_max, bool only_serving) {
  const auto in_ms = [](milliseconds time) { return static_cast<int>(time.count()); };
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(only_serving ? serving_in_turn : all_in_turn);
  arguments.SetMaxReceiveMessageSize(static_cast<int>(message_bytes_max));
  arguments.SetMaxSendMessageSize(static_cast<int>(message_bytes_max));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, in_ms(keep_alive_interval));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, in_ms(keep_alive_patience));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, in_ms(reconnect_first));
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, in_ms(reconnect_last));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, in_ms(reconnect_last));
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, in_ms(resolve_interval));
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, metadata_bytes_max);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // who calls knows what may be done twice
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // The nodes are reached as they are named: no proxy of the environment stands between them.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return arguments;
}

// As a node says it when it is ready.
constexpr std::string_view ready_scheme = "grpc://";

std::string to_target(const std::string& address) {
  return address.starts_with(ready_scheme) ? address.substr(ready_scheme.size()) : address;
}

}  // namespace

result<std::unique_ptr<channel>> channel::make(channel_settings told, const telemetry::logger& log) {
  if (told.addresses.empty())
    return failure(error_reason::invalid_argument, fmt::format("there is no address of {}", told.peer));
  auto credentials = make_channel_credentials(told.protection.tls);
  if (!credentials) return std::unexpected(std::move(credentials.error()));
  const auto arguments = make_arguments(told.message_bytes_max, told.only_serving);
  std::vector<std::shared_ptr<grpc::Channel>> made;
  for (const std::string& each : told.addresses) {
    const std::string target = to_target(each);
    if (target.empty())
      return failure(error_reason::invalid_argument, fmt::format("an address of {} is empty", told.peer));
    made.push_back(grpc::CreateCustomChannel(target, *credentials, arguments));
  }
  auto links = std::make_unique<connections>(std::move(told), std::move(made), log);
  return std::unique_ptr<channel>(new channel(std::move(links)));
}

channel::channel(std::unique_ptr<connections> links) : links_(std::move(links)) {}

channel::~channel() = default;

const std::string& channel::peer() const {
  return links_->peer();
}

task<result<void>> channel::check(milliseconds limit) {
  client<v1::Node> node(*this);
  auto answer = co_await node.call(&methods<v1::Node>::Ping, {}, {.deadline = limit});
  if (!answer) co_return std::unexpected(std::move(answer.error()));
  if (answer->serving()) co_return result<void>();
  co_return failure(error_reason::unavailable, fmt::format("{} is stopping", peer()));
}

bool channel::is_idle() const {
  return links_->is_idle();
}

void channel::cancel_all() {
  links_->give_up_all();
}

}  // namespace sluice::rpc
