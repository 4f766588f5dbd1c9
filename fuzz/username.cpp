// A name that is accepted can be found again, looks like itself and is accepted as it is shown.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/utf8.hpp"
#include "identity/names.hpp"
#include "identity/passwords.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::fuzz::require;
  using namespace sluice::identity;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto checked = check_username(text);
  const auto key = username_key(text);
  if (checked) {
    require(key && *key == checked->key, "it is found under its key");
    require(sluice::is_valid_utf8(checked->shown) && !checked->shown.empty(), "it can be shown");
    require(sluice::count_code_points(checked->shown) <= username_code_points_max, "it is as short as promised");
    const auto again = check_username(checked->shown);
    require(again && again->key == checked->key && again->skeletons == checked->skeletons, "shown, it is the same");
    require(std::ranges::none_of(checked->skeletons, &std::string::empty), "it looks like something");
  }
  const sluice::secret_string password{std::string(text)};
  if (check_new_password(password, "alice")) {
    require(sluice::is_valid_utf8(text) && text.find('\0') == std::string_view::npos, "passwords are text");
    require(size >= password_code_points_min && size <= password_bytes_max, "passwords have a length");
  }
  return 0;
}
