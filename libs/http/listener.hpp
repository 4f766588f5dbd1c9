// The part of a server that lives on one worker: its socket that listens, and the connections that came of it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/task_group.hpp"
#include "async/worker_pool.hpp"
#include "http/body_quota.hpp"
#include "http/connection_quota.hpp"
#include "http/http_parser.hpp"
#include "http/server.hpp"

namespace sluice::http {

class connection;

/// What all listeners of a server share: immutable, but for the quotas, which any thread may count in.
struct serving {
  server_settings settings;
  router routes;
  server_hooks hooks;
  std::shared_ptr<connection_quota> quota;
  std::shared_ptr<body_quota> bodies;
};

/// What a connection needs while a request is under way, and gives back while it is idle.
struct workspace {
  explicit workspace(const parse_limits& limits) : parser(limits) {}
  request asked;
  request_parser parser;
  header_fields answer_headers;
  std::string head;  ///< the answer's header as it is sent
  telemetry::span span;
};

/// Owned by the server; used on its worker alone, but for `counters`.
class listener {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  listener(std::shared_ptr<const serving> what, async::worker& on, worker_buffer& buffer);
  ~listener();
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  /// Before the worker may look: takes the port. Then `run`, on the worker.
  error_code open(const asio::ip::tcp::endpoint& endpoint);
  void run();
  /// See `server`.
  void wind_down();
  task<> stop(std::chrono::milliseconds drain);
  /// Adds what this worker has counted; any thread.
  void add_to(server_counters& sum) const;

  const serving& what() const { return *what_; }
  worker_buffer& buffer() { return buffer_; }
  /// Whether connections end with their answers.
  bool winding_down() const { return winding_down_; }
  /// "Date: …\r\n", made once a second.
  std::string_view date_field();

  std::unique_ptr<workspace> borrow_workspace();
  void give_back(std::unique_ptr<workspace> space);

  void enter(connection& one);
  void leave(connection& one);
  void count_request() { ++requests_; }
  void count_cut() { ++cut_; }

 private:
  task<> accept();
  void welcome(tcp_socket socket, const asio::ip::tcp::endpoint& peer);
  task<> sweep();

  std::shared_ptr<const serving> what_;
  async::worker& worker_;
  worker_buffer& buffer_;
  tcp_acceptor acceptor_;
  steady_timer pause_;  // of the accept loop, after a failure
  steady_timer tick_;   // of the sweep
  async::task_group loops_;
  async::task_group connections_;
  std::vector<connection*> open_;
  std::vector<std::unique_ptr<workspace>> spare_;
  std::string date_;
  std::time_t date_of_ = 0;
  bool winding_down_ = false;
  bool stopping_ = false;

  std::atomic<std::uint64_t> accepted_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> cut_ = 0;
  std::atomic<std::uint64_t> requests_ = 0;
};

}  // namespace sluice::http
