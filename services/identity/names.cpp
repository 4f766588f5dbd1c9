#include "identity/names.hpp"

#include <memory>
#include <stdexcept>

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uniset.h>
#include <unicode/unistr.h>
#include <unicode/uspoof.h>

#include "base/utf8.hpp"

namespace sluice::identity {
namespace {

constexpr std::string_view also_allowed = ".-_@+";
// Longer text is refused before ICU looks at it. A character has at most four bytes, and NFC may shorten a name.
constexpr std::size_t typed_bytes_max = 4 * 4 * username_code_points_max;

// Before the look of a name in capitals, which is no part of a name.
constexpr std::string_view capitals_mark = "^";

// ICU's tables and checkers: made once, read by all threads, never freed.
class unicode_rules {
 public:
  unicode_rules() {
    UErrorCode code = U_ZERO_ERROR;
    nfc_ = icu::Normalizer2::getNFCInstance(code);
    nfkc_ = icu::Normalizer2::getNFKCInstance(code);
    folding_ = icu::Normalizer2::getNFKCCasefoldInstance(code);
    icu::UnicodeSet allowed;
    // Not by assignment: a copy of a frozen set is frozen.
    if (const icu::UnicodeSet* recommended = uspoof_getRecommendedUnicodeSet(&code)) allowed.addAll(*recommended);
    for (const char c : also_allowed)
      allowed.add(static_cast<UChar32>(c));
    allowed.freeze();
    checker_ = uspoof_open(&code);
    uspoof_setAllowedUnicodeSet(checker_, &allowed, &code);
    uspoof_setRestrictionLevel(checker_, USPOOF_HIGHLY_RESTRICTIVE);
    uspoof_setChecks(
        checker_,
        USPOOF_RESTRICTION_LEVEL | USPOOF_INVISIBLE | USPOOF_MIXED_NUMBERS | USPOOF_CHAR_LIMIT | USPOOF_HIDDEN_OVERLAY,
        &code);
    if (U_FAILURE(code)) throw std::runtime_error(std::string("ICU does not start: ") + u_errorName(code));
  }

  const icu::Normalizer2& nfc() const { return *nfc_; }
  const icu::Normalizer2& nfkc() const { return *nfkc_; }
  const icu::Normalizer2& folding() const { return *folding_; }
  // Which of the checks it fails.
  int32_t faults(const icu::UnicodeString& name) const {
    UErrorCode code = U_ZERO_ERROR;
    const int32_t found = uspoof_checkUnicodeString(checker_, name, nullptr, &code);
    return U_FAILURE(code) ? USPOOF_CHAR_LIMIT : found;
  }
  std::string skeleton(const icu::UnicodeString& name) const {
    UErrorCode code = U_ZERO_ERROR;
    icu::UnicodeString looks;
    uspoof_getSkeletonUnicodeString(checker_, 0, name, looks, &code);
    if (U_FAILURE(code)) throw std::runtime_error(std::string("ICU: ") + u_errorName(code));
    std::string text;
    return looks.toUTF8String(text);
  }

 private:
  const icu::Normalizer2* nfc_ = nullptr;
  const icu::Normalizer2* nfkc_ = nullptr;
  const icu::Normalizer2* folding_ = nullptr;
  USpoofChecker* checker_ = nullptr;
};

const unicode_rules& unicode() {
  static const unicode_rules* const rules = new unicode_rules;
  return *rules;
}

icu::UnicodeString normalized(const icu::Normalizer2& form, const icu::UnicodeString& text) {
  UErrorCode code = U_ZERO_ERROR;
  icu::UnicodeString made = form.normalize(text, code);
  return U_FAILURE(code) ? icu::UnicodeString() : made;
}

icu::UnicodeString from_utf8(std::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string bytes;
  return text.toUTF8String(bytes);
}

std::unexpected<error> refuse(std::string why) {
  return failure(error_reason::invalid_argument, "username: " + std::move(why), "username");
}

result<icu::UnicodeString> read(std::string_view typed) {
  if (typed.empty()) return refuse("is empty");
  if (typed.size() > typed_bytes_max) {
    return refuse(fmt::format("is too long: at most {} characters", username_code_points_max));
  }
  if (!is_valid_utf8(typed)) return refuse("is not valid UTF-8");
  icu::UnicodeString name = normalized(unicode().nfc(), from_utf8(typed));
  if (name.countChar32() > static_cast<int32_t>(username_code_points_max)) {
    return refuse(fmt::format("is too long: at most {} characters", username_code_points_max));
  }
  return name;
}

bool is_letter_or_digit(UChar32 c) {
  return (U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_ND_MASK)) != 0;
}

// What is wrong with a single character; empty: nothing.
std::string_view fault_of(UChar32 c) {
  if (u_isUWhiteSpace(c)) return "white space is not allowed";
  if (u_iscntrl(c)) return "control characters are not allowed";
  if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL)) {
    return "invisible characters are not allowed";
  }
  if (is_letter_or_digit(c) || (U_GET_GC_MASK(c) & U_GC_M_MASK) != 0) return {};
  if (c < 0x80 && also_allowed.find(static_cast<char>(c)) != std::string_view::npos) return {};
  return "only letters, digits and . _ - @ + are allowed";
}

}  // namespace

result<username> check_username(std::string_view typed) {
  const auto name = read(typed);
  if (!name) return std::unexpected(name.error());
  for (int32_t i = 0; i < name->length(); i = name->moveIndex32(i, 1)) {
    if (const std::string_view fault = fault_of(name->char32At(i)); !fault.empty()) return refuse(std::string(fault));
  }
  if (!is_letter_or_digit(name->char32At(0))) return refuse("must begin with a letter or digit");
  if (normalized(unicode().nfkc(), *name) != *name) {
    return refuse("has full-width or decorative characters: write it with plain letters");
  }
  const int32_t faults = unicode().faults(*name);
  if ((faults & USPOOF_CHAR_LIMIT) != 0) return refuse("has characters that are not used in names");
  if ((faults & USPOOF_HIDDEN_OVERLAY) != 0) return refuse("has a mark that disappears in the letter before it");
  if (faults != 0) return refuse("mixes letters of different scripts that look alike");

  const icu::UnicodeString folded = normalized(unicode().folding(), *name);
  // Folded once more, for 0 looks like O and O is o.
  username made{.shown = to_utf8(*name), .key = to_utf8(folded), .skeletons = {fold(unicode().skeleton(folded))}};
  const auto add = [&made](std::string looks) {
    if (std::ranges::find(made.skeletons, looks) == made.skeletons.end()) made.skeletons.push_back(std::move(looks));
  };
  const std::string as_typed = unicode().skeleton(*name);
  add(as_typed);
  add(fold(as_typed));  // SIuice, with a capital I, looks like sluice
  // Some alphabets look alike only in capitals, and some letters to others' capitals: ADMlN, with a small l, to ADMIN.
  // These are compared as they are, not folded: the I of ali is the l of all only where one is a capital and the other
  // is not.
  icu::UnicodeString capitals = *name;
  add(std::string(capitals_mark) + unicode().skeleton(capitals.toUpper(icu::Locale::getRoot())));
  add(std::string(capitals_mark) + as_typed);
  return made;
}

result<std::string> username_key(std::string_view typed) {
  const auto name = read(typed);
  if (!name) return std::unexpected(name.error());
  return to_utf8(normalized(unicode().folding(), *name));
}

bool is_presentable(std::string_view text) {
  const icu::UnicodeString line = from_utf8(text);
  bool is_visible = false;
  for (int32_t i = 0; i < line.length(); i = line.moveIndex32(i, 1)) {
    const UChar32 c = line.char32At(i);
    constexpr std::uint32_t breaks = U_GC_CC_MASK | U_GC_ZL_MASK | U_GC_ZP_MASK;
    if ((U_GET_GC_MASK(c) & breaks) != 0 || u_hasBinaryProperty(c, UCHAR_BIDI_CONTROL)) return false;
    is_visible = is_visible || !(u_isUWhiteSpace(c) || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT));
  }
  return is_visible;
}

std::string fold(std::string_view text) {
  return to_utf8(normalized(unicode().folding(), from_utf8(text)));
}

}  // namespace sluice::identity
