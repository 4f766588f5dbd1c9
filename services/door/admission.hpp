// Who is it?
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/task.hpp"
#include "base/error.hpp"
#include "door/principal.hpp"
#include "door/settings.hpp"
#include "identity/identity_service.hpp"

namespace sluice::door {

/// Credentials are those of the configuration (fixed API keys and, for trying things out, insecure tokens) and those
/// that identity knows. Immutable; any worker.
class admission {
 public:
  admission(const settings& told, identity::service& people);
  ~admission();

  /// `credential`: a bearer token or API key; must live until the end. Not suspended where the credential is fixed or
  /// was seen before. Errors: unauthenticated, which does not say which part was wrong; unavailable.
  task<result<std::shared_ptr<const principal>>> authenticate(std::string_view credential) const;
  /// Whether what somebody came in with is still good, by now: unauthenticated if not.
  task<result<void>> still_stands(const principal& who) const;

 private:
  std::shared_ptr<const principal> find_fixed(std::string_view credential) const;

  const settings& settings_;
  identity::service& people_;
  std::unordered_map<std::string, std::shared_ptr<const principal>> by_key_hash_;
  std::shared_ptr<const principal> demo_;
};

/// Whether a browser's page of `origin` is one of ours: of `host` (the Host header) or of where we are known to be.
bool is_own_origin(const settings& told, std::string_view origin, std::string_view host);
/// Whether it may open a socket. No Origin: not a browser. "null" (a page opened from disk) is for the caller to decide
/// and false here.
bool is_allowed_origin(const settings& told, std::string_view origin, std::string_view host);

}  // namespace sluice::door
