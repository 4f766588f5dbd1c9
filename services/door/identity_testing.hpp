// An identity for tests: who is known is what the test says.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "identity/identity_service.hpp"

namespace sluice::door::testing {

/// Runs a coroutine to its end on this thread.
template <class T>
T run_here(task<T> work) {
  asio::io_context loop(1);
  auto ended = asio::co_spawn(loop.get_executor(), std::move(work), asio::use_future);
  loop.run();
  return ended.get();
}

inline std::unexpected<error> refused() {
  return failure(error_reason::unauthenticated, "not known");
}

class scripted_identity final : public identity::service {
 public:
  std::map<std::string, identity::identified> known;  ///< by credential
  std::optional<error> trouble;                       ///< of every question
  int asked = 0;

  task<result<identity::identified>> identify(secret_string credential) override {
    ++asked;
    if (trouble) co_return std::unexpected(*trouble);
    const auto found = known.find(std::string(credential.reveal()));
    if (found == known.end()) co_return refused();
    co_return found->second;
  }
  task<result<void>> still_stands(identity::identified who) override {
    ++asked;
    for (const auto& [credential, each] : known) {
      if (each.session_id == who.session_id && each.key_id == who.key_id) co_return result<void>();
    }
    co_return refused();
  }

  task<result<identity::user>> register_user(identity::credentials, identity::origin) override { co_return refused(); }
  task<result<identity::tokens>> log_in(identity::credentials, identity::origin) override { co_return refused(); }
  task<result<identity::tokens>> refresh(secret_string, identity::origin) override { co_return refused(); }
  task<result<void>> log_out(std::string, std::string) override { co_return refused(); }
  task<result<void>> log_out_by_refresh(secret_string) override { co_return refused(); }
  task<result<void>> log_out_everywhere(std::string) override { co_return refused(); }
  task<result<identity::user>> find_user(std::string) override { co_return refused(); }
  task<result<void>> change_password(std::string, std::string, secret_string, secret_string,
                                     identity::origin) override {
    co_return refused();
  }
  task<result<std::vector<identity::api_key>>> list_keys(std::string) override { co_return refused(); }
  task<result<identity::created_key>> create_key(std::string, std::string) override { co_return refused(); }
  task<result<void>> revoke_key(std::string, std::string) override { co_return refused(); }
  task<result<identity::revocation_batch>> follow_revocations(std::uint64_t, std::chrono::milliseconds) override {
    co_return refused();
  }
};

}  // namespace sluice::door::testing
