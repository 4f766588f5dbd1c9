// The database on a PostgreSQL server, which many nodes may share.
#pragma once

#include "store/database.hpp"

namespace sluice::store {

/// Waits `told.start_timeout` for a server that is not there yet.
///
/// Each connection has a thread of its own. Writes run beside each other, each in a transaction of its own (READ
/// COMMITTED): what reads before it writes locks what it relies on first, by an UPDATE. Reads see one snapshot.
///
/// A transaction that met another one (deadlock) or whose connection broke is run again a few times. Where the
/// connection breaks in a COMMIT, the server is asked afterwards what became of it; only if it does not answer that in
/// time is the outcome left open (`unavailable`).
result<std::unique_ptr<database>> open_postgres(const std::string& url, const database_settings& told);

}  // namespace sluice::store
