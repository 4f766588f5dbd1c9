#include "identity/key_ring.hpp"

#include <algorithm>
#include <ranges>

namespace sluice::identity {

namespace {

// Clocks differ, but tokens that live for seconds do not live many times as long.
std::chrono::seconds leeway_of(std::chrono::milliseconds token_ttl) {
  constexpr auto share = 10;
  return std::min(token_settings().leeway, std::chrono::floor<std::chrono::seconds>(token_ttl / share));
}

}  // namespace

key_ring::key_ring(user_store& store, const settings& told)
    : store_(store),
      seal_(told.sealing_secret),
      tokens_{.issuer = told.issuer, .leeway = leeway_of(told.token_ttl)},
      rotation_(told.signing_key_rotation),
      notice_(told.signing_key_notice),
      token_life_(told.token_ttl + 2 * tokens_.leeway) {}

task<result<std::vector<stored_signing_key>>> key_ring::read() {
  auto keys = co_await store_.signing_keys();
  if (!keys) co_return keys;
  for (stored_signing_key& each : *keys) {
    // Made before there was a secret.
    if (seal_.should_seal(each)) {
      if (auto sealed = co_await store_.replace_private_half(seal_.seal(each)); !sealed)
        co_return std::unexpected(std::move(sealed.error()));
    }
    auto opened = seal_.open(std::move(each));
    if (!opened) co_return std::unexpected(std::move(opened.error()));
    each = std::move(*opened);
  }
  co_return keys;
}

task<result<void>> key_ring::renew(time_point now) {
  auto keys = co_await read();
  if (!keys) co_return std::unexpected(std::move(keys.error()));
  const time_point newer_than = now - rotation_;
  if (keys->empty() || keys->back().created_at <= newer_than) {
    auto added = co_await store_.add_signing_key(seal_.seal(make_signing_key(now)), newer_than);
    if (!added) co_return added;
    keys = co_await read();
    if (!keys) co_return std::unexpected(std::move(keys.error()));
  }
  const bool same = std::ranges::equal(stored_, *keys, {}, &stored_signing_key::id, &stored_signing_key::id);
  stored_ = std::move(*keys);
  const std::string& signing = choose(now).id;
  if (same && signing == signing_) co_return result<void>();
  signing_ = signing;
  current_.store(std::make_shared<const token_keys>(tokens_, stored_, signing_));
  co_return result<void>();
}

const stored_signing_key& key_ring::choose(time_point now) const {
  const auto announced = std::ranges::find_if(stored_ | std::views::reverse,
                                              [&](const auto& key) { return key.created_at + notice_ <= now; });
  return announced == stored_.rend() ? stored_.front() : *announced;
}

time_point key_ring::needed_since(time_point now) const {
  // A key signs until the next one begins to; twice the notice leaves room for nodes that look late.
  time_point since{};
  for (std::size_t next = 1; next < stored_.size(); ++next) {
    if (stored_[next].created_at + 2 * notice_ + token_life_ < now) since = stored_[next].created_at;
  }
  return since;
}

}  // namespace sluice::identity
