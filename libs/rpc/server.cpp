#include "rpc/server.hpp"

#include <vector>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>
#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "rpc/grpc_security.hpp"
#include "rpc/handlers.hpp"
#include "rpc/v1/node.grpc.pb.h"

namespace sluice::rpc {
namespace {

using std::chrono::seconds;

constexpr seconds keep_alive_interval{20};
constexpr seconds keep_alive_patience{10};
constexpr seconds ping_interval_min{5};  // of callers, who may ping an idle connection
constexpr int metadata_bytes_max = 64 << 10;

class node_rpc final : public v1::Node::CallbackService {
 public:
  explicit node_rpc(call_host& host) : host_(host) {}
  grpc::ServerUnaryReactor* Ping(grpc::CallbackServerContext* context, const v1::PingRequest* request,
                                 v1::PingResponse* response) override {
    return answer(host_, context, request, response, std::bind_front(&node_rpc::ping, this));
  }

 private:
  task<result<v1::PingResponse>> ping(call_context, const v1::PingRequest&) {
    v1::PingResponse response;
    response.set_serving(host_.serving());
    co_return response;
  }
  call_host& host_;
};

struct listen_address {
  std::string host;  // as it was written, with brackets
  bool loopback = false;
};

result<listen_address> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  boost::system::error_code code;
  const auto address = asio::ip::make_address(bracketed ? host.substr(1, host.size() - 2) : host, code);
  if (code || address.is_v6() != bracketed)
    return failure(error_reason::invalid_argument, text + " is not an address and port such as 127.0.0.1:50051");
  return listen_address{.host = std::move(host), .loopback = address.is_loopback()};
}

void set_connection_rules(grpc::ServerBuilder& builder) {
  const auto in_ms = [](seconds time) { return static_cast<int>(std::chrono::milliseconds(time).count()); };
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, in_ms(keep_alive_interval));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, in_ms(keep_alive_patience));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, in_ms(ping_interval_min));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, metadata_bytes_max);
}

}  // namespace

struct server::parts {
  parts(async::worker_pool& workers, server_settings with, const telemetry::logger& log)
      : told(std::move(with)), host(workers, told.protection.secret, told.calls_max, log, told.watch), node(host) {}

  result<listen_address> check() const;

  server_settings told;
  call_host host;
  node_rpc node;
  std::vector<std::shared_ptr<grpc::Service>> services;
  std::string address;
  std::unique_ptr<grpc::Server> running;
};

// Never open to others.
result<listen_address> server::parts::check() const {
  auto at = parse_listen(told.listen);
  if (!at) return at;
  const tls_files& tls = told.protection.tls;
  const bool mutual = !tls.certificate.empty() && !tls.ca.empty();
  if (at->loopback || mutual || !told.protection.secret.empty()) return at;
  return failure(error_reason::invalid_argument,
                 fmt::format("others can connect to {}, so this needs services.secret, or services.tls with a "
                             "certificate, its key and the ca of the callers' certificates",
                             told.listen));
}

server::server(async::worker_pool& workers, server_settings told, const telemetry::logger& log)
    : parts_(std::make_unique<parts>(workers, std::move(told), log)) {
  grpc::EnableDefaultHealthCheckService(true);
}

server::~server() {
  stop(milliseconds(0));
}

call_host& server::host() {
  return parts_->host;
}

void server::add(std::shared_ptr<grpc::Service> service) {
  parts_->services.push_back(std::move(service));
}

result<void> server::start() {
  const auto at = parts_->check();
  if (!at) return std::unexpected(at.error());
  auto credentials = make_server_credentials(parts_->told.protection.tls);
  if (!credentials) return std::unexpected(std::move(credentials.error()));
  grpc::ServerBuilder builder;
  set_connection_rules(builder);
  const auto bytes_max = static_cast<int>(parts_->told.message_bytes_max);
  builder.SetMaxReceiveMessageSize(bytes_max);
  builder.SetMaxSendMessageSize(bytes_max);
  builder.RegisterService(&parts_->node);
  for (const auto& each : parts_->services)
    builder.RegisterService(each.get());
  int port = 0;
  builder.AddListeningPort(parts_->told.listen, *credentials, &port);
  parts_->running = builder.BuildAndStart();
  if (!parts_->running || port == 0) {
    parts_->running.reset();
    return failure(error_reason::unavailable,
                   fmt::format("cannot listen on {}: the address is not ours or something else listens there",
                               parts_->told.listen));
  }
  parts_->address = fmt::format("{}:{}", at->host, port);
  set_serving(true);
  return {};
}

const std::string& server::address() const {
  return parts_->address;
}

void server::set_serving(bool to) {
  parts_->host.set_serving(to);
  if (parts_->running) parts_->running->GetHealthCheckService()->SetServingStatus(to);
}

void server::stop(milliseconds grace) {
  if (!parts_->running) return;
  parts_->host.set_serving(false);
  parts_->running->GetHealthCheckService()->Shutdown();
  parts_->host.end_endless();
  parts_->running->Shutdown(std::chrono::system_clock::now() + grace);
  parts_->running.reset();
}

}  // namespace sluice::rpc
