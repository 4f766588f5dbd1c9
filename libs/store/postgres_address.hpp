// Where a PostgreSQL is, and how it is talked to.
#pragma once

#include <chrono>
#include <string>

#include "base/error.hpp"

namespace sluice::store {

struct postgres_address {
  std::string connection;  ///< what libpq is given; has the password in it, so it is shown nowhere
  std::string shown;       ///< "database app on db.example.org:5432", for messages
};

/// Reads `postgresql://user:password@host:port/database?sslmode=…` (libpq's own form and parameters; what is not said
/// comes from libpq's environment variables) and adds how long this house waits for a peer that is silent, where the
/// URL does not say so itself.
result<postgres_address> parse_postgres_url(const std::string& url, std::chrono::milliseconds connect_timeout);

}  // namespace sluice::store
