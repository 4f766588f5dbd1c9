#include "config/environment.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <unistd.h>

#include "base/quantities.hpp"

namespace sluice::config {

environment process_environment() {
  environment all;
  for (char** each = environ; each && *each; ++each) {
    const std::string_view line(*each);
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) all.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return all;
}

const std::string* find(const environment& among, std::string_view name) {
  const auto found = among.find(name);
  return found == among.end() ? nullptr : &found->second;
}

std::expected<std::string, std::string> read_file(const std::string& path, std::size_t bytes_max) {
  const auto close = [](std::FILE* open) { std::fclose(open); };
  const std::unique_ptr<std::FILE, decltype(close)> from(std::fopen(path.c_str(), "rbe"), close);
  if (!from) return std::unexpected(std::strerror(errno));
  std::string content(bytes_max + 1, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), from.get()));
  if (std::ferror(from.get())) return std::unexpected(std::strerror(errno));
  if (content.size() > bytes_max) return std::unexpected(fmt::format("is larger than {}", format_size(bytes_max)));
  return content;
}

}  // namespace sluice::config
