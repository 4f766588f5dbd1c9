#include "store/migrations.hpp"

#include <array>
#include <chrono>

#include <fmt/format.h>
#include <openssl/sha.h>
#include <soci/soci.h>

namespace sluice::store {
namespace {

constexpr const char* table = R"(
CREATE TABLE IF NOT EXISTS schema_migrations (
  component TEXT NOT NULL,
  number BIGINT NOT NULL,
  name TEXT NOT NULL,
  checksum TEXT NOT NULL,
  applied_at BIGINT NOT NULL,
  PRIMARY KEY (component, number)
);)";  // applied_at: milliseconds since 1970

std::string checksum(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return fmt::format("{:02x}", fmt::join(digest, ""));
}

// How many steps were applied, once it is sure that they are the first ones of `steps`.
result<std::size_t> count_applied(soci::session& sql, const std::string& component, std::span<const migration> steps) {
  std::size_t applied = 0;
  long long number = 0;
  std::string name;
  std::string sum;
  soci::statement query = (sql.prepare << "SELECT number, name, checksum FROM schema_migrations "
                                          "WHERE component = :component ORDER BY number",
                           soci::use(component), soci::into(number), soci::into(name), soci::into(sum));
  query.execute();
  while (query.fetch()) {
    if (number != static_cast<long long>(++applied))
      return failure(error_reason::conflict,
                     fmt::format("the database's schema of {} lacks step {}; restore a backup", component, applied));
    if (applied > steps.size())
      return failure(error_reason::conflict,
                     fmt::format("the database was written by a newer version of this program (its schema of {} has "
                                 "step {}, this version knows {}); use that version or restore a backup",
                                 component, number, steps.size()));
    if (sum != checksum(steps[applied - 1].sql))
      return failure(error_reason::conflict,
                     fmt::format("step {} ({}) of the database's schema of {} is not the one that this program knows; "
                                 "use the version that wrote it or restore a backup",
                                 number, name, component));
  }
  return applied;
}

void record(soci::session& sql, const std::string& component, const migration& step) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const long long applied_at = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  const long long number = step.number;
  const std::string name(step.name);
  const std::string sum = checksum(step.sql);
  sql << "INSERT INTO schema_migrations (component, number, name, checksum, applied_at) "
         "VALUES (:component, :number, :name, :checksum, :applied_at)",
      soci::use(component), soci::use(number), soci::use(name), soci::use(sum), soci::use(applied_at);
}

}  // namespace

result<void> apply_migrations(soci::session& sql, std::string_view component, std::span<const migration> steps,
                              const std::function<result<void>(const std::string&)>& run_script) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (steps[i].number != i + 1)
      return failure(error_reason::internal,
                     fmt::format("the steps of {} must be numbered 1, 2, 3 …: there is no {}", component, i + 1));
  }
  if (auto made = run_script(table); !made) return made;
  const std::string owner(component);
  const auto applied = count_applied(sql, owner, steps);
  if (!applied) return std::unexpected(applied.error());
  for (const migration& step : steps.subspan(*applied)) {
    if (auto ran = run_script(std::string(step.sql)); !ran) {
      error cause = ran.error();
      cause.message = fmt::format("step {} ({}) of the database's schema of {} failed: {}", step.number, step.name,
                                  component, cause.message);
      return std::unexpected(std::move(cause));
    }
    record(sql, owner, step);
  }
  return {};
}

}  // namespace sluice::store
