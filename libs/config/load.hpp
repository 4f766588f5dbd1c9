// Layers to settings: flags over the environment over the file over the defaults.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "config/environment.hpp"
#include "config/schema.hpp"
#include "config/value.hpp"

namespace sluice::config {

/// A flag of the command line that stands for a key.
struct flag_override {
  std::string flag;  ///< "--listen"
  std::string path;  ///< "server.listen"
  std::string text;
};

/// What lies over the file.
struct overrides {
  std::string prefix;               ///< of the environment variables that set keys: "SLUICE_"
  std::vector<std::string> others;  ///< variables with that prefix that mean something else
  environment variables;
  std::vector<flag_override> flags;
};

/// Lays the overrides on `file`. PREFIX_SERVER__LISTEN sets server.listen: sections are parted by two underscores,
/// names are in upper case, and what is no scalar is inline YAML. A variable with two underscores that sets no key is
/// an error; one without is left alone unless it comes close to a key, because such names are also used for `${…}` and
/// by container platforms.
void apply(value& file, const overrides& over, const description& what, problems& wrong);

/// The variables with the prefix that `apply` leaves alone and that look as if they were meant to set a key: not one of
/// `others`, nor one that Kubernetes sets for a service of that name (SLUICE_PORT, SLUICE_SERVICE_HOST, …).
problems idle_variables(const overrides& over, const description& what);

/// Settings, and the document that they were read from, for origins.
template <class T>
struct loaded {
  T settings;
  value document;
};

/// In the order of the file, what is from elsewhere first.
void sort(problems& wrong);

template <class T>
std::expected<loaded<T>, problems> load(const type<T>& schema, value file, const overrides& over) {
  problems wrong;
  apply(file, over, *schema.what, wrong);
  loaded<T> read{T{}, std::move(file)};
  schema.read(read.document, read.settings, "", wrong);
  if (wrong.empty()) return read;
  sort(wrong);
  return std::unexpected(std::move(wrong));
}

}  // namespace sluice::config
