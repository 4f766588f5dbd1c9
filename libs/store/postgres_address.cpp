#include "store/postgres_address.hpp"

#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace sluice::store {
namespace {

using parameters = std::map<std::string, std::string>;

// As a parameter of a URL: SOCI takes a connection string apart at blanks.
std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
    is_plain ? text.push_back(c) : void(text += fmt::format("%{:02X}", byte));
  }
  return text;
}

std::string shown(const parameters& told) {
  const auto value = [&](const char* name, const char* otherwise) {
    const auto found = told.find(name);
    return found == told.end() ? std::string(otherwise) : found->second;
  };
  const std::string host = value("host", value("hostaddr", "this machine").c_str());
  return fmt::format("database {} on {}:{}", value("dbname", value("user", "(default)").c_str()), host,
                     value("port", "5432"));
}

}  // namespace

result<postgres_address> parse_postgres_url(const std::string& url, std::chrono::milliseconds connect_timeout) {
  // Not libpq's own words about it: they may have the password in them.
  constexpr const char* advice =
      "the database's URL must be like postgresql://user:password@host:5432/database, special characters of its parts "
      "written as %XX";
  if (url.contains('\0')) return failure(error_reason::invalid_argument, advice, "database.url");
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(PQconninfoParse(url.c_str(), nullptr),
                                                                            PQconninfoFree);
  if (!parsed) return failure(error_reason::invalid_argument, advice, "database.url");
  const auto seconds = std::max(std::chrono::ceil<std::chrono::seconds>(connect_timeout), std::chrono::seconds(2));
  parameters told = {{"connect_timeout", std::to_string(seconds.count())},
                     {"keepalives_idle", "10"},
                     {"keepalives_interval", "3"},
                     {"keepalives_count", "3"},
                     {"tcp_user_timeout", "15000"},
                     {"fallback_application_name", "sluice"}};
  for (const PQconninfoOption* each = parsed.get(); each->keyword != nullptr; ++each) {
    if (each->val != nullptr) told.insert_or_assign(each->keyword, each->val);
  }
  told.insert_or_assign("client_encoding", "UTF8");
  postgres_address made{.connection = "postgresql:///", .shown = shown(told)};
  char before = '?';
  for (const auto& [name, value] : told) {
    made.connection += fmt::format("{}{}={}", before, name, escaped(value));
    before = '&';
  }
  return made;
}

}  // namespace sluice::store
