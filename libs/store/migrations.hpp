// The steps by which a component's part of the schema came about.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "store/database.hpp"

namespace sluice::store {

/// Applies the steps that are pending, inside the transaction that the session is in, which its caller takes back on an
/// error. What was applied stands in the table schema_migrations.
result<void> apply_migrations(soci::session& sql, std::string_view component, std::span<const migration> steps,
                              const std::function<result<void>(const std::string&)>& run_script);

}  // namespace sluice::store
