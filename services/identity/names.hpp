// What people may call themselves, and when two names are one (Unicode TR 36, TR 39).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace sluice::identity {

inline constexpr std::size_t username_code_points_max = 64;

/// A name in the forms that are kept of it.
struct username {
  std::string shown;  ///< as typed, in Unicode's form NFC
  std::string key;    ///< NFKC, case folded: what a sign-in is looked up by
  /// What the name looks like (TR 39, section 4), as typed, folded and in capitals. Two people never share one.
  std::vector<std::string> skeletons;
};

/// 1 to 64 letters, digits, marks and `. _ - @ +`, beginning with a letter or digit, of one script (or of those that
/// are written together, as Japanese is); only characters that TR 39 recommends for names. So no white space, no
/// control, invisible or bidirectional characters, no full-width or decorative letters, no "аdmin" with a Cyrillic а.
/// The error is invalid_argument on `username`.
result<username> check_username(std::string_view typed);

/// The key of a name that is being looked up: `check_username` without the rules on which names may be made. Nothing
/// can be found under the key of what is not a name.
result<std::string> username_key(std::string_view typed);

/// Whether valid UTF-8 makes a line in a list: something can be seen of it, and nothing in it is a control character or
/// changes the order of what stands beside it.
bool is_presentable(std::string_view text);

/// Case folded NFKC of any valid UTF-8, for comparing words; empty if that cannot be had.
std::string fold(std::string_view text);

}  // namespace sluice::identity
