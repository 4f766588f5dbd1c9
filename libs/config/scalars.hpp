// The parts of reading a value that do not depend on its C++ type. Used by schema.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/description.hpp"
#include "config/value.hpp"

namespace sluice::config {

/// What a text must be, beside text.
struct text_rule {
  std::string_view expected;  ///< completes "expected …": "a host and port such as 127.0.0.1:8080"
  bool (*holds)(std::string_view);
};

/// "server" and "listen" make "server.listen"; an empty path is the root.
std::string join(const std::string& path, std::string_view key);

description_ptr describe_integer(std::int64_t least, std::int64_t most);
description_ptr describe_size(std::uint64_t least, std::uint64_t most);
description_ptr describe_choice(std::vector<std::string> names, std::vector<std::string> unsupported);

// Each adds to `wrong` where `from` is not what `what` describes.
std::optional<std::int64_t> read_integer(const description& what, const value& from, const std::string& path,
                                         problems& wrong);
std::optional<std::uint64_t> read_size(const description& what, const value& from, const std::string& path,
                                       problems& wrong);
/// The index of the word among the choices.
std::optional<std::size_t> read_choice(const description& what, const value& from, const std::string& path,
                                       problems& wrong);
bool has_shape(const description& what, const value& from, value::shape shape, const std::string& path,
               problems& wrong);
/// Whether it is a map. Unknown, unsupported and missing keys are added to `wrong`, the rest can still be read.
bool has_known_keys(const description& what, const value& from, const std::string& path, problems& wrong);
/// The index of the alternative that the tag names.
std::optional<std::size_t> read_tag(const description& what, const value& from, const std::string& path,
                                    problems& wrong);

value show_size(std::uint64_t bytes);
value without(const value& map, std::string_view key);
value with_tag(const description& what, std::size_t alternative, value shown);

}  // namespace sluice::config
