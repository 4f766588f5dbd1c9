// Where the SQL of PostgreSQL differs from that of SQLite.
#pragma once

#include <string>
#include <string_view>

namespace sluice::store {

/// A step of a schema as PostgreSQL is to read it: columns of text compare byte by byte, as SQLite's do, whatever
/// language the database was made for.
std::string postgres_schema(std::string_view step);

}  // namespace sluice::store
