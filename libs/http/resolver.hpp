// Names to addresses, off the worker and remembered.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/blocking_pool.hpp"
#include "async/task.hpp"
#include "base/error.hpp"

namespace sluice::http {

using addresses = std::vector<asio::ip::address>;

struct resolver_settings {
  std::chrono::steady_clock::duration ttl = std::chrono::seconds(30);
  std::chrono::steady_clock::duration failure_ttl = std::chrono::seconds(1);  ///< of a name that was not found
  std::size_t names_max = 1024;                                               ///< remembered; more forget the oldest
};

/// The resolver of one worker. Many who ask for one name at once share one look-up. A name whose look-up fails after it
/// worked before keeps its last addresses: a name server that is away for a moment stops nobody.
class resolver {
 public:
  /// Blocks on a pool's thread; tests give their own.
  using look_up = std::function<result<addresses>(const std::string& host)>;

  resolver(executor on, async::blocking_pool& pool, resolver_settings settings, look_up how = system_look_up);
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// The addresses of a name (never none), in the order to try them; an address in text is itself. A caller that is
  /// cancelled leaves at once; the look-up goes on for the others. `unavailable` if there is no such name.
  task<result<addresses>> resolve(std::string host);

  /// getaddrinfo.
  static result<addresses> system_look_up(const std::string& host);

 private:
  struct entry;
  struct state;
  static task<> run_look_up(std::shared_ptr<state> self, std::shared_ptr<entry> one);
  void forget_oldest();

  std::shared_ptr<state> state_;
};

}  // namespace sluice::http
