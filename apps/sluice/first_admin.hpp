// What the first start says to whoever made it.
#pragma once

#include <ostream>

#include "identity/module.hpp"

namespace sluice::app {

/// The only time that it is shown. Not in the log, which others may read.
inline void show_first_admin(std::ostream& terminal, const identity::first_admin& made) {
  terminal << "\nThe first account is " << made.username << " with the password " << made.password.reveal()
           << "\nThis is not shown again; `sluice user passwd " << made.username << "` sets another one.\n\n"
           << std::flush;
}

}  // namespace sluice::app
