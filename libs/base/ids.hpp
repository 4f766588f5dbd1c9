// Prefixed ULIDs: ids that sort by time, are safe to show, and say what they name.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

/// `prefix` + "_" + a ULID (26 characters of Crockford's base 32: 48 bits of milliseconds since 1970, 80 bits of
/// randomness), e.g. "gen_01JD9Z…". Unique and unguessable: the random part comes from the kernel-seeded OpenSSL
/// generator. Source: https://github.com/ulid/spec.
std::string make_id(std::string_view prefix,
                    std::chrono::system_clock::time_point now = std::chrono::system_clock::now());

/// Whether `text` has the form of an id with that prefix. Cheap check before any look-up of bytes from outside.
bool is_id(std::string_view prefix, std::string_view text);

/// `bytes` bytes from the cryptographic generator, in lower-case hexadecimal.
std::string random_hex(std::size_t bytes);

}  // namespace sluice
