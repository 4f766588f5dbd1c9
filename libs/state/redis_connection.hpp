// One connection to a Redis, signed in.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "state/redis_settings.hpp"
#include "state/redis_socket.hpp"
#include "state/redis_trouble.hpp"

namespace sluice::state {

template <class T>
using redis_result = std::expected<T, redis_complaint>;

/// Lives on one worker; one reader and one writer at a time.
class redis_connection {
 public:
  /// Resolves, connects, turns to TLS, signs in, selects the database: within `connect_timeout`. `trust` is for TLS.
  static task<redis_result<std::unique_ptr<redis_connection>>> open(const redis_settings& told, redis_trust trust);

  redis_connection(tcp_socket connected, redis_reply_limits limits);

  task<redis_result<redis_reply>> read();
  task<redis_result<void>> write(std::string_view bytes);
  /// Ends what waits on it.
  void close() { socket_.close(); }

 private:
  static task<redis_result<std::unique_ptr<redis_connection>>> connect(const redis_settings& told, redis_trust trust);
  task<redis_result<void>> sign_in(const redis_settings& told);

  redis_socket socket_;
  redis_reply_parser parser_;
  std::vector<char> buffer_;
};

}  // namespace sluice::state
