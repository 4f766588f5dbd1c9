// The door: who is it, and may one more come in?
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "gateway/principal.hpp"
#include "gateway/settings.hpp"
#include "identity/identity_service.hpp"

namespace sluice::gateway {

/// Counts open sockets; gives its place back when destroyed. Movable, any thread.
class socket_place {
 public:
  socket_place() = default;
  socket_place(socket_place&& other) noexcept = default;
  socket_place& operator=(socket_place&& other) noexcept;
  ~socket_place();

 private:
  friend class admission;
  std::shared_ptr<class socket_counts> counts_;
  std::shared_ptr<const principal> who_;
};

/// Credentials are those of the configuration (fixed API keys and, for trying things out, insecure tokens) and those
/// that identity knows. Immutable but for the counts; any worker.
class admission {
 public:
  admission(const settings& told, identity::service& people);
  ~admission();

  /// `credential`: a bearer token or API key; must live until the end. Not suspended where the credential is fixed or
  /// was seen before. Errors: unauthenticated, which does not say which part was wrong; unavailable.
  task<result<std::shared_ptr<const principal>>> authenticate(std::string_view credential) const;
  /// Whether what somebody came in with is still good, by now: unauthenticated if not.
  task<result<void>> still_stands(const principal& who) const;

  /// Takes a place for one more socket. Errors: rate_limited (of the user), unavailable (of the server). What one
  /// address may have open is the HTTP server's business. `who` becomes the one that other sockets of this credential
  /// hold already, so that a thousand sockets of one key hold it once.
  result<socket_place> take_socket_place(std::shared_ptr<const principal>& who);
  std::uint32_t open_sockets() const;
  bool has_sockets(const std::string& user_id) const;

 private:
  std::shared_ptr<const principal> find_fixed(std::string_view credential) const;

  const settings& settings_;
  identity::service& people_;
  std::unordered_map<std::string, std::shared_ptr<const principal>> by_key_hash_;
  std::shared_ptr<const principal> demo_;
  std::shared_ptr<socket_counts> counts_;
};

/// Whether a browser's page of `origin` is one of ours: of `host` (the Host header) or of where we are known to be.
bool is_own_origin(const settings& told, std::string_view origin, std::string_view host);
/// Whether it may open a socket. No Origin: not a browser. "null" (a page opened from disk) is for the caller to decide
/// and false here.
bool is_allowed_origin(const settings& told, std::string_view origin, std::string_view host);

}  // namespace sluice::gateway
