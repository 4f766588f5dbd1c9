// YAML text to values: bounded, with positions, with ${…} replaced.
#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>

#include "config/environment.hpp"
#include "config/value.hpp"

namespace sluice::config {

/// What a document may grow to. A configuration is written by its owner, but mistakes and templates happen.
struct document_bounds {
  std::size_t bytes_max = 1 << 20;
  std::size_t depth_max = 32;
  std::size_t values_max = 20'000;  ///< after aliases were expanded
};

/// What `${…}` in a scalar may refer to.
struct references {
  environment variables;
  file_reader read = [](const std::string& path) { return read_file(path); };
};

/// Reads one YAML document; `name` is what origins call it. Refused, with their position: broken YAML or UTF-8, a key
/// that comes twice, more than one document, what passes a bound, custom tags, and a reference that leads nowhere. All
/// dead references are reported, not only the first.
///
/// In scalars, `${NAME}` stands for the environment variable, `${NAME:-text}` for it or `text` if it is unset or
/// empty, `${file:/path}` for the file's content without its last line break, and `$${` for `${`.
std::expected<value, problems> parse_document(std::string_view text, const std::string& name, const references& known,
                                              const document_bounds& bounds = {});

/// The same for the value of an environment variable or flag, where nothing is replaced and `at` is everything's
/// origin.
std::expected<value, problems> parse_inline(std::string_view text, const origin& at,
                                            const document_bounds& bounds = {});

}  // namespace sluice::config
