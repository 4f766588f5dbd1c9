// How often: the limits of the configuration, and what a request is charged under them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <boost/container/small_vector.hpp>

#include "async/task.hpp"
#include "base/error.hpp"
#include "http/address.hpp"
#include "limits/limiter.hpp"
#include "telemetry/metrics.hpp"

namespace sluice::door {

struct principal;

/// By what requests are told apart.
enum class limit_subject : std::uint8_t { key, user, address, global };

struct request_limit {
  limits::limit what;
  limit_subject by = limit_subject::address;
  /// Counts every answer that is asked for, by an HTTP request or by a frame on a socket. Else HTTP requests, upgrades
  /// among them, to the routes that `path` and `method` name.
  bool counts_chats = false;
  std::string path = {};    ///< a route's pattern, or with '*' at its end the beginning of some; empty: any
  std::string method = {};  ///< empty: any
};

/// The limits that apply to one kind of request: those that need to know who asks, and those that do not.
struct limit_scope {
  std::vector<const request_limit*> personal = {};
  std::vector<const request_limit*> anonymous = {};
  bool empty() const { return personal.empty() && anonymous.empty(); }
};

/// How a client stands under one limit.
struct standing {
  const request_limit* under = nullptr;
  limits::decision made = {};
};

/// Immutable; any worker. `told` and `counts` outlive it.
class request_limits {
 public:
  request_limits(const std::vector<request_limit>& told, limits::limiter& counts, telemetry::metric_registry& metrics);

  /// What applies to an HTTP request. `begins_chat`: it asks for an answer.
  limit_scope of_route(std::string_view method, std::string_view pattern, bool begins_chat) const;
  /// Whether a limit applies to that route by its path and method alone.
  static bool fits(const request_limit& one, std::string_view method, std::string_view pattern);

  /// Charges a frame that asks for an answer. The error is rate_limited with `retry_after`.
  task<result<void>> charge_chat(http::client_key client, const principal& who) const;

 private:
  friend class request_charge;
  const std::vector<request_limit>& told_;
  limits::limiter& counts_;
  telemetry::family<telemetry::counter>& refusals_;
  limit_scope of_chats_;
};

/// What one request was charged: by every limit that applies to it, or, once one has refused, by none. Lives while the
/// request is let in; what the views are of must live as long.
class request_charge {
 public:
  request_charge(const request_limits& limits, const limit_scope& scope, const http::client_key& client)
      : limits_(limits), scope_(scope), client_(client) {}

  /// Before it is known who asks, and then for whom it is. Errors: rate_limited with `retry_after`; unavailable.
  task<result<void>> take_anonymous() { return take(scope_.anonymous, nullptr); }
  task<result<void>> take_personal(const principal& who) { return take(scope_.personal, &who); }

  /// Under the limit that refused, else the one that comes first to its end; null if there was none.
  const standing* tightest() const;

 private:
  struct paid {
    standing how;
    std::string_view key;
  };
  task<result<void>> take(std::span<const request_limit* const> all, const principal* who);
  task<> give_back_all();

  const request_limits& limits_;
  const limit_scope& scope_;
  http::client_key client_;
  boost::container::small_vector<paid, 4> taken_;
  standing refused_;
};

}  // namespace sluice::door
