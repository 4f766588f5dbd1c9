// Asks a Redis, over one pipelined connection for all workers.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "state/redis_settings.hpp"
#include "telemetry/log.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::state {

/// A Lua script with its name in Redis' cache. Runs as one step; nothing else happens meanwhile.
class redis_script {
 public:
  explicit redis_script(std::string text);
  const std::string& text() const { return text_; }
  const std::string& sha1() const { return sha1_; }

 private:
  std::string text_;
  std::string sha1_;  // 40 hexadecimal digits
};

class redis_link;

/// Counts what a client does. Made before the workers start.
struct redis_instruments {
  explicit redis_instruments(telemetry::metric_registry& in);

  telemetry::gauge& up;
  telemetry::gauge& waiting;
  telemetry::counter& reconnects;
  telemetry::histogram& seconds;
  telemetry::family<telemetry::counter>& errors;
};

/// Any worker may ask; answers come back to the worker that asked. The connection lives on `on`, is opened when the
/// client is made, and anew whenever it breaks.
///
/// What is asked while there is no connection is refused at once, except before the first attempt has ended and while a
/// connection that has just broken is replaced. An answer that does not come in time breaks the connection: what stands
/// still is away, and costs its callers the timeout once and not each. What had been sent then may have been done.
class redis_client {
 public:
  /// `watch` may be null.
  redis_client(executor on, redis_settings told, const telemetry::logger& log, redis_instruments* watch);
  /// What waits for an answer hears `unavailable`, if the worker still runs.
  ~redis_client();
  redis_client(const redis_client&) = delete;
  redis_client& operator=(const redis_client&) = delete;

  /// The reply, never an error. Errors: `unavailable`, or `internal` for what can only be our bug. Cancelling the wait
  /// does not take back what was asked. Words are read before the call is first suspended.
  task<result<redis_reply>> call(std::initializer_list<std::string_view> words);
  /// The same by a script, which is sent whole only to a server that does not have it yet.
  task<result<redis_reply>> run(const redis_script& script, std::vector<std::string> keys,
                                std::vector<std::string> arguments);
  /// Whether it answers now; else why not, in words for whoever runs it.
  task<result<void>> check();

  const redis_settings& told() const;

 private:
  task<result<redis_reply>> ask(std::string command);

  std::shared_ptr<redis_link> link_;
};

}  // namespace sluice::state
