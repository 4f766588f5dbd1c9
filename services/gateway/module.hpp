// The gateway as `apps` builds it.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "agent/agent_service.hpp"
#include "agent/conversation_service.hpp"
#include "async/worker_pool.hpp"
#include "door/admission.hpp"
#include "door/request_limits.hpp"
#include "gateway/chat_sockets.hpp"
#include "gateway/session_watch.hpp"
#include "gateway/settings.hpp"
#include "gateway/socket_places.hpp"
#include "gateway/ws_tickets.hpp"
#include "http/router.hpp"
#include "http/worker_buffer.hpp"
#include "identity/identity_service.hpp"
#include "state/shared_state.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/tracer.hpp"

namespace sluice::gateway {

/// Owns what the handlers of its routes use. Outlives the HTTP server.
class module {
 public:
  module(async::worker_pool& workers, http::worker_buffers& buffers, settings told, agent::service& agents,
         agent::conversation_service& stored, identity::service& people, state::shared_state& state,
         limits::limiter& counts, telemetry::metric_registry& metrics, const telemetry::tracer& spans,
         const telemetry::logger& log);
  ~module();

  /// What the gateway answers to clients, within its limits.
  std::vector<http::route> routes();
  /// For other services on the same listener.
  door::admission& door() { return door_; }
  const door::request_limits& limits() const { return limits_; }
  std::uint32_t open_sockets() const { return places_.open_sockets(); }
  /// An error that the server found by itself (404, 405, 408, 413, …), in the shape of the face that was called.
  static http::response make_error(const http::request& asked, unsigned status, const error& problem);
  /// Begins to look after the sockets.
  void begin();
  /// From now on upgrades are refused; sockets are told that they have `within`, and closed then, once the ends of what
  /// was cut off had `last_words` to leave. Runs on the first worker and returns when the last socket's close was sent.
  task<> drain(std::chrono::milliseconds within, std::chrono::milliseconds last_words = {});

 private:
  class chat_watch;
  std::vector<http::route> unlimited_routes();
  http::route chat_route(std::string pattern);
  settings settings_;
  agent::service& agents_;
  agent::conversation_service& stored_;
  identity::service& people_;
  door::admission door_;
  socket_places places_;
  ws_tickets tickets_;
  door::request_limits limits_;
  std::unique_ptr<chat_watch> watch_;
  std::vector<std::unique_ptr<chat_sockets>> sockets_;  // by worker
  session_watch sessions_;
};

}  // namespace sluice::gateway
