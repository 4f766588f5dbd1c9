// The files that the configuration names: certificates, their keys, authorities.
#pragma once

#include <optional>

#include "app/role_name.hpp"
#include "app/settings.hpp"
#include "config/value.hpp"

namespace sluice::app {

/// Opens and reads those that a role would, or all of them; nothing is connected to. What is wrong stands where
/// `document` names the file, beside what else only the making of a provider finds out.
config::problems check_named_files(const settings& told, const config::value& document,
                                   std::optional<role_name> of = std::nullopt);

}  // namespace sluice::app
