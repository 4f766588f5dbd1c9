// What SQLite says, in the words of this house.
#pragma once

#include <functional>
#include <string_view>

#include "base/error.hpp"

namespace soci {
class session;
}

namespace sluice::store {

/// The error for SQLite's result code (extended codes are understood). `cause` goes to the detail.
error sqlite_error(int code, std::string cause);

/// Runs `work` and turns what it throws into an error. Values of a statement's parameters do not get into it.
result<void> guarded(soci::session& sql, std::move_only_function<result<void>(soci::session*)>& work);

}  // namespace sluice::store
