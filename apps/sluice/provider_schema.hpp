// The description of the key `providers`.
#pragma once

#include <map>
#include <string>

#include "app/settings.hpp"

namespace sluice::app {

config::type<std::map<std::string, provider_settings>> providers_schema();

}  // namespace sluice::app
