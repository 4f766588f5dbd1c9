// The environment as a value: read once, passed on, replaced in tests.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sluice::config {

using environment = std::map<std::string, std::string, std::less<>>;

/// The variables of this process. Not while another thread changes them.
environment process_environment();

/// The variable's value, or null.
const std::string* find(const environment& among, std::string_view name);

/// Reads a whole file; the error says why it could not.
using file_reader = std::function<std::expected<std::string, std::string>(const std::string& path)>;

/// Reads a file of at most `bytes_max`.
std::expected<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max = 1 << 20);

}  // namespace sluice::config
