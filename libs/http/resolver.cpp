#include "http/resolver.hpp"

#include <list>
#include <unordered_map>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <netdb.h>
#include <sys/socket.h>

#include "async/wakeup.hpp"

namespace sluice::http {

using clock = std::chrono::steady_clock;

struct resolver::entry {
  std::string host;
  std::unique_ptr<const result<addresses>> known;  ///< null before the first look-up has ended
  clock::time_point good_until = {};
  bool looking = false;
  std::list<async::wakeup> waiting;
};

struct resolver::state {
  executor on;
  async::blocking_pool& pool;
  resolver_settings settings;
  look_up how;
  std::unordered_map<std::string, std::shared_ptr<entry>> entries;
};

resolver::resolver(executor on, async::blocking_pool& pool, resolver_settings settings, look_up how)
    : state_(std::make_shared<state>(on, pool, settings, std::move(how))) {}

resolver::~resolver() = default;

task<result<addresses>> resolver::resolve(std::string host) {
  error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    addresses one;
    one.push_back(literal);
    co_return one;
  }
  const std::shared_ptr<state> self = state_;
  std::shared_ptr<entry> one = self->entries[host];
  if (!one) {
    one = self->entries[host] = std::make_shared<entry>();
    one->host = std::move(host);
    forget_oldest();
  }
  if (one->known && clock::now() < one->good_until) co_return *one->known;
  if (!one->looking) {
    one->looking = true;
    asio::co_spawn(self->on, run_look_up(self, one), [](const std::exception_ptr& problem) {
      if (problem) std::rethrow_exception(problem);  // it catches what a look-up throws: the rest is our bug
    });
  }
  struct waiter {
    entry& at;
    std::list<async::wakeup>::iterator place;
    ~waiter() { at.waiting.erase(place); }
  };
  const waiter here{*one, one->waiting.emplace(one->waiting.end(), self->on)};
  while (one->looking)
    co_await here.place->wait();
  co_return *one->known;
}

// Belongs to nobody who asked, so that none of them can cancel it for the others.
task<> resolver::run_look_up(std::shared_ptr<state> self, std::shared_ptr<entry> one) {
  result<addresses> answer = failure(error_reason::unavailable, "cannot resolve " + one->host);
  try {
    auto found = co_await self->pool.run([how = self->how, host = one->host] { return how(host); });
    answer = found ? std::move(*found) : std::unexpected(found.error());
  } catch (const std::exception& problem) {
    answer.error().detail = problem.what();
  }
  const auto now = clock::now();
  if (answer || !one->known || !*one->known) {
    one->good_until = now + (answer ? self->settings.ttl : self->settings.failure_ttl);
    one->known = std::make_unique<const result<addresses>>(std::move(answer));
  } else {
    one->good_until = now + self->settings.failure_ttl;
  }
  one->looking = false;
  for (async::wakeup& waiter : one->waiting)
    waiter.notify();
}

void resolver::forget_oldest() {
  auto& entries = state_->entries;
  if (entries.size() <= state_->settings.names_max) return;
  auto oldest = entries.end();
  for (auto at = entries.begin(); at != entries.end(); ++at) {
    if (!at->second->known || at->second->looking) continue;
    if (oldest == entries.end() || at->second->good_until < oldest->second->good_until) oldest = at;
  }
  if (oldest != entries.end()) entries.erase(oldest);
}

result<addresses> resolver::system_look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* list = nullptr;
  const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  // RFC 6761, section 6.3. A container need not have the /etc/hosts that says so, and no name server is to be asked.
  if (code != 0 && host == "localhost")
    return addresses{asio::ip::address_v4::loopback(), asio::ip::address_v6::loopback()};
  if (code != 0) {
    return failure(error_reason::unavailable, "cannot resolve " + host + ": " +
                                                  (code == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  addresses found;
  for (const addrinfo* one = list; one; one = one->ai_next) {
    asio::ip::tcp::endpoint endpoint;
    if (one->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), one->ai_addr, one->ai_addrlen);
    endpoint.resize(one->ai_addrlen);
    found.push_back(endpoint.address());
  }
  if (found.empty()) return failure(error_reason::unavailable, "cannot resolve " + host + ": it has no address");
  return found;
}

}  // namespace sluice::http
