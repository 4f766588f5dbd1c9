// The database in a file of this machine.
#pragma once

#include "store/database.hpp"

namespace sluice::store {

/// `path` is taken as it stands, relative to the working directory. Of `told`, the URL is not looked at.
result<std::unique_ptr<database>> open_sqlite(std::string_view path, const database_settings& told);

}  // namespace sluice::store
