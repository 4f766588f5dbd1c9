#include "identity/passwords.hpp"

#include <array>
#include <stdexcept>

#include <argon2.h>
#include <fmt/format.h>
#include <openssl/rand.h>

#include "identity/secrets.hpp"

namespace sluice::identity {
namespace {

constexpr std::size_t salt_bytes = 16;
constexpr std::size_t hash_bytes = 32;
constexpr std::chrono::milliseconds retry_after_overload{1'000};

std::string parameters_of(const password_cost& cost) {
  return fmt::format("$argon2id$v={}$m={},t={},p={}$", static_cast<int>(ARGON2_VERSION_13), cost.memory_kib,
                     cost.passes, cost.lanes);
}

template <class T>
result<T> with_patience(result<T> answer) {
  if (!answer && answer.error().reason == error_reason::unavailable) {
    answer.error().message = "too many are signing in at this moment; try again";
    answer.error().retry_after = retry_after_overload;
  }
  return answer;
}

}  // namespace

std::string hash_password(const password_cost& cost, const secret_string& password) {
  std::array<unsigned char, salt_bytes> salt;
  if (RAND_bytes(salt.data(), salt_bytes) != 1) throw std::runtime_error("the system's random generator failed");
  std::string text(argon2_encodedlen(cost.passes, cost.memory_kib, cost.lanes, salt_bytes, hash_bytes, Argon2_id),
                   '\0');
  const std::string_view secret = password.reveal();
  const int code = argon2id_hash_encoded(cost.passes, cost.memory_kib, cost.lanes, secret.data(), secret.size(),
                                         salt.data(), salt_bytes, hash_bytes, text.data(), text.size());
  if (code != ARGON2_OK) throw std::runtime_error(std::string("Argon2: ") + argon2_error_message(code));
  text.resize(text.find('\0'));
  return text;
}

bool verify_password(const std::string& hash, const secret_string& password) {
  const std::string_view secret = password.reveal();
  const int code = argon2id_verify(hash.c_str(), secret.data(), secret.size());
  if (code == ARGON2_MEMORY_ALLOCATION_ERROR) throw std::bad_alloc();
  return code == ARGON2_OK;
}

bool is_outdated(const std::string& hash, const password_cost& cost) {
  return !hash.starts_with(parameters_of(cost));
}

password_hasher::password_hasher(const hashing_settings& told)
    : cost_(told.cost),
      nobodys_(std::async(std::launch::async, [cost = told.cost] { return hash_password(cost, make_password()); })),
      pool_("password", told.threads, told.queue_max) {}

task<result<std::string>> password_hasher::hash(secret_string password) {
  auto made = co_await pool_.run([this, password = std::move(password)] {
    computed_.fetch_add(1, std::memory_order_relaxed);
    return hash_password(cost_, password);
  });
  co_return with_patience(std::move(made));
}

task<result<bool>> password_hasher::verify(std::optional<std::string> hash, secret_string password) {
  auto verdict = co_await pool_.run([this, hash = std::move(hash), password = std::move(password)] {
    computed_.fetch_add(1, std::memory_order_relaxed);
    const bool right = verify_password(hash ? *hash : nobodys_.get(), password);
    return right && hash.has_value();
  });
  co_return with_patience(std::move(verdict));
}

}  // namespace sluice::identity
