#include "identity/api_keys.hpp"

#include <fmt/format.h>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "identity/names.hpp"
#include "identity/secrets.hpp"

namespace sluice::identity {
namespace {

constexpr std::size_t name_code_points_max = 64;

}  // namespace

result<made_key> make_key(std::string user_id, std::string name, time_point now) {
  const auto refuse = [](std::string_view why) {
    return failure(error_reason::invalid_argument, fmt::format("name: {}", why), "name");
  };
  if (name.empty()) return refuse("is empty");
  if (!is_valid_utf8(name)) return refuse("is not valid UTF-8");
  if (count_code_points(name) > name_code_points_max) {
    return refuse(fmt::format("is too long: at most {} characters", name_code_points_max));
  }
  if (!is_presentable(name)) return refuse("must be visible, without control characters or such as change its order");

  secret_string key = make_api_key();
  new_key stored{.about = {.id = make_id("key", now),
                           .name = std::move(name),
                           .prefix = visible_prefix(key),
                           .created_at = now,
                           .last_used_at = {}},
                 .user_id = std::move(user_id),
                 .hash = sha256_hex(key.reveal())};
  return made_key{.stored = std::move(stored), .key = std::move(key)};
}

}  // namespace sluice::identity
