// What the administration can be told. Filled from the configuration by whoever wires it.
#pragma once

#include "door/settings.hpp"

namespace sluice::admin {

struct settings : door::settings {
  /// Whether no gateway answers on the same listener: then signing in and the files of the page are served here too.
  bool alone = false;
};

}  // namespace sluice::admin
