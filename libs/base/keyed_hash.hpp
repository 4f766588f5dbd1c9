// A hash for tables whose keys strangers choose.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice {

/// SipHash-1-3 under a random key: nobody outside can make keys that fall together and so turn a table into a list.
/// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF". The values differ from process to process.
class keyed_hash {
 public:
  /// With a key of its own, from the cryptographic generator.
  keyed_hash();
  constexpr keyed_hash(std::uint64_t key_low, std::uint64_t key_high) : low_(key_low), high_(key_high) {}

  std::uint64_t operator()(std::string_view text) const;

 private:
  std::uint64_t low_;
  std::uint64_t high_;
};

}  // namespace sluice
