// What PostgreSQL says, in the words of this house.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace sluice::store {

/// What to do about a failed transaction.
enum class postgres_advice : std::uint8_t {
  give_up,    ///< it would fail again
  run_again,  ///< it met another one (deadlock, serialization): it is taken back and may be run anew
  reconnect,  ///< the connection is gone, or leads to a server that cannot be written
};

/// `state` is the SQLSTATE of five characters; anything else means that no server answered.
postgres_advice advice_for(std::string_view state);

/// `cause` goes to the detail.
error postgres_error(std::string_view state, std::string cause);

/// A lost connection, or none to be had.
error postgres_away(std::string cause);

}  // namespace sluice::store
