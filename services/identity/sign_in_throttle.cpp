#include "identity/sign_in_throttle.hpp"

#include <algorithm>

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include "base/digest.hpp"

namespace sluice::identity {
namespace {

limits::limit make_limit(std::string name, std::uint32_t failures, milliseconds window) {
  return {.name = std::move(name),
          .rule = limits::token_bucket_rule{.rate = failures / std::chrono::duration<double>(window).count(),
                                            .burst = failures}};
}

// Longer than passwords take that come together, shorter than people wait.
constexpr auto patience = std::chrono::seconds(5);
constexpr auto look_again_after = milliseconds(100);

std::string known_address_key(const std::string& pair) {
  return "known-address:" + pair;
}

}  // namespace

std::string counted_address(const std::string& address) {
  boost::system::error_code code;
  const auto parsed = asio::ip::make_address(address, code);
  if (code || !parsed.is_v6()) return address;
  auto v6 = parsed.to_v6();
  if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), 0);
  return asio::ip::address_v6(bytes).to_string() + "/64";
}

attempts_under_way::mark attempts_under_way::add(const std::string& count) {
  {
    const std::scoped_lock lock(table_->mutex);
    ++table_->marks[count];
  }
  // What it points to is of no interest, its end is.
  return {table_.get(), [in = table_, count](const void*) {
            const std::scoped_lock lock(in->mutex);
            if (--in->marks[count] == 0) in->marks.erase(count);
          }};
}

bool attempts_under_way::any(const std::string& count) const {
  const std::scoped_lock lock(table_->mutex);
  return table_->marks.contains(count);
}

sign_in_throttle::sign_in_throttle(limits::limiter& limiter, state::shared_state& state, const throttle_settings& told)
    : limiter_(limiter),
      state_(state),
      known_lifetime_(told.known_address_lifetime),
      by_address_(make_limit("sign-in:address", told.address_failures, told.window)),
      by_pair_(make_limit("sign-in:pair", told.pair_failures, told.window)),
      by_account_(make_limit("sign-in:account", told.account_failures, told.window)),
      registrations_(make_limit("registration:address", told.registrations, told.window)) {}

task<result<std::optional<limits::decision>>> sign_in_throttle::charge(const limits::limit& by,
                                                                       const std::string& key) {
  const auto decided = co_await limiter_.take(by, key);
  if (!decided) co_return std::unexpected(decided.error());
  if (decided->allowed) co_return std::optional(*decided);
  const auto wait = std::max(milliseconds(1), std::chrono::ceil<milliseconds>(decided->retry_after));
  error refused{.reason = error_reason::rate_limited,
                .message = fmt::format("too many attempts: try again in {} s",
                                       std::chrono::ceil<std::chrono::seconds>(wait).count()),
                .retry_after = wait};
  co_return std::unexpected(std::move(refused));
}

// Attempts that are under way may turn out to be right and cost nothing.
task<result<std::optional<limits::decision>>> sign_in_throttle::charge_attempt(const limits::limit& by,
                                                                               const std::string& key,
                                                                               attempt& charged) {
  const std::string count = by.name + ':' + key;
  const auto give_up_at = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto done = co_await charge(by, key);
    const bool used_up = !done && done.error().reason == error_reason::rate_limited;
    if (!used_up || !under_way_.any(count) || std::chrono::steady_clock::now() >= give_up_at) {
      if (done) charged.marks.push_back(under_way_.add(count));
      co_return done;
    }
    steady_timer later(co_await asio::this_coro::executor, look_again_after);
    co_await later.async_wait(use_task);
  }
}

task<result<sign_in_throttle::attempt>> sign_in_throttle::admit(std::string name_key, std::string address) {
  attempt charged;
  charged.address = counted_address(address);
  charged.account = sha256_hex(name_key);
  charged.pair = sha256_hex(charged.account + charged.address);

  auto of_address = co_await charge_attempt(by_address_, charged.address, charged);
  if (!of_address) co_return std::unexpected(std::move(of_address.error()));
  charged.of_address = *of_address;
  auto of_pair = co_await charge_attempt(by_pair_, charged.pair, charged);
  if (!of_pair) {
    co_await take_back(charged);
    co_return std::unexpected(std::move(of_pair.error()));
  }
  charged.of_pair = *of_pair;
  const auto known = co_await state_.get(known_address_key(charged.pair));
  if (known && *known) co_return charged;
  auto of_account = co_await charge_attempt(by_account_, charged.account, charged);
  if (!of_account) {
    co_await take_back(charged);
    co_return std::unexpected(std::move(of_account.error()));
  }
  charged.of_account = *of_account;
  co_return charged;
}

task<> sign_in_throttle::forgive(attempt charged) {
  co_await take_back(charged);
  // Where it cannot be noted, the owner is counted like a stranger: safe, and only while somebody guesses.
  co_await state_.put(known_address_key(charged.pair), "1", known_lifetime_);
}

task<> sign_in_throttle::take_back(attempt charged) {
  // What cannot be given back is made good for by time.
  if (charged.of_address) co_await limiter_.give_back(by_address_, charged.address, *charged.of_address);
  if (charged.of_pair) co_await limiter_.give_back(by_pair_, charged.pair, *charged.of_pair);
  if (charged.of_account) co_await limiter_.give_back(by_account_, charged.account, *charged.of_account);
}

task<result<void>> sign_in_throttle::admit_registration(std::string address) {
  auto charged = co_await charge(registrations_, counted_address(address));
  if (!charged) co_return std::unexpected(std::move(charged.error()));
  co_return result<void>();
}

}  // namespace sluice::identity
