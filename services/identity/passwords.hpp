// Passwords: which are accepted, and how they are kept: Argon2id (RFC 9106), never the password itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <string_view>

#include "async/blocking_pool.hpp"
#include "async/task.hpp"
#include "base/error.hpp"
#include "base/secret_string.hpp"

namespace sluice::identity {

inline constexpr std::size_t password_code_points_min = 8;
inline constexpr std::size_t password_code_points_max = 256;
inline constexpr std::size_t password_bytes_max = 1024;  ///< longer ones are refused before anything looks at them

/// What one hash costs. The default is OWASP's (Password Storage Cheat Sheet): 19 MiB, 2 passes, 1 lane.
struct password_cost {
  std::uint32_t memory_kib = 19'456;
  std::uint32_t passes = 2;
  std::uint32_t lanes = 1;
};

/// What is wrong with a password whoever chose it: longer than `password_bytes_max`. For sign-ins.
result<void> check_password_size(const secret_string& password, std::string_view param = "password");

/// Whether somebody may choose it: 8 to 256 code points of valid UTF-8 without control characters; not one of the most
/// common ones, not a single character or a row of neighbours, not the name (`name_key`) with some decoration. Any
/// other Unicode is welcome. Its bytes are taken as they were sent: no normalisation, so an é typed as one character is
/// another password than é typed as two.
result<void> check_new_password(const secret_string& password, std::string_view name_key,
                                std::string_view param = "password");

/// In PHC's string format: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, with 16 bytes of salt and 32 of hash. Blocking: some
/// 20 ms and `memory_kib`.
std::string hash_password(const password_cost& cost, const secret_string& password);
/// Blocking, as long as the hash's own parameters say. False also for what is not such a hash.
bool verify_password(const std::string& hash, const secret_string& password);
/// Whether a hash was made at another cost than is wanted now.
bool is_outdated(const std::string& hash, const password_cost& cost);

struct hashing_settings {
  password_cost cost;
  std::size_t threads = 2;
  std::size_t queue_max = 64;  ///< waiting ones; past it: unavailable, with retry_after
};

/// Hashes on threads of its own, so that sign-ins take no more than their share of processors and memory. Any worker.
class password_hasher {
 public:
  explicit password_hasher(const hashing_settings& told);

  task<result<std::string>> hash(secret_string password);
  /// Without a hash (nobody of that name) one of nobody's is verified and the answer is false: the same work, so the
  /// same time.
  task<result<bool>> verify(std::optional<std::string> hash, secret_string password);
  bool is_outdated(const std::string& hash) const { return sluice::identity::is_outdated(hash, cost_); }
  /// Hashes computed so far.
  std::uint64_t computed() const { return computed_.load(std::memory_order_relaxed); }

 private:
  password_cost cost_;
  std::shared_future<std::string> nobodys_;  // computed beside the start, which does not wait for it
  std::atomic<std::uint64_t> computed_{0};
  async::blocking_pool pool_;
};

}  // namespace sluice::identity
