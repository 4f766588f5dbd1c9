#include "app/named_files.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>
#include <fmt/format.h>

#include "app/providers.hpp"
#include "async/blocking_pool.hpp"
#include "async/worker_pool.hpp"
#include "config/load.hpp"
#include "http/tls_context.hpp"
#include "rpc/credentials.hpp"
#include "state/redis_address.hpp"
#include "store/postgres_address.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::milliseconds no_connection{2000};  // what the address is read for; none is made

bool is_there(const std::string& path) {
  std::error_code unknown;
  return std::filesystem::exists(path, unknown) || unknown;
}

class file_checker {
 public:
  file_checker(const settings& told, const config::value& document) : told_(told), document_(document) {}

  config::problems run(std::optional<role_name> of) {
    const bool talks_to_clients = of != role_name::identity && of != role_name::agent;
    if (talks_to_clients) check_client_tls();
    if (of != role_name::serve) check_service_tls();
    if (of != role_name::gateway) check_database();
    if (!of || of == role_name::serve || of == role_name::agent) check_providers();
    check_state();
    check_data_dir();
    return std::move(wrong_);
  }

 private:
  void add(const std::string& path, std::string message) {
    wrong_.push_back({config::origin_of(document_, path), std::move(message)});
  }

  // `problem` says in `param` which key of the section is meant.
  void add_in(std::string_view section, const error& problem) {
    const std::string path = fmt::format("{}.{}", section, problem.param);
    add(path, fmt::format("{}: {}", path, problem.message));
  }

  void check_client_tls() {
    const tls_settings& tls = told_.server.tls;
    if (tls.certificate.empty()) return;
    if (const auto made = http::tls_context::make_server(tls.certificate, tls.key); !made)
      add_in("server.tls", made.error());
  }

  void check_service_tls() {
    const service_tls_settings& tls = told_.services.tls;
    const auto read = rpc::read_tls_files({.certificate = tls.certificate, .key = tls.key, .ca = tls.ca});
    if (!read) add_in("services.tls", read.error());
  }

  void check_state() {
    const state_settings& state = told_.state;
    if (state.ca_file.empty() || state.url == state_in_memory) return;
    const auto at = state::parse_redis_url(state.url);
    if (!at || !at->tls) return;
    if (const auto trust = http::tls_context::make_client(state.ca_file); !trust)
      add("state.ca_file", "state.ca_file: " + trust.error().message);
  }

  // What libpq refuses when it connects: authorities where it must check the server, a certificate without its key.
  void check_database() {
    const std::string& url = told_.database.url;
    if (url.starts_with(sqlite_scheme)) return;
    const auto add_to_url = [&](const std::string& what) { add("database.url", "database.url: " + what); };
    if (const auto at = store::parse_postgres_url(url, no_connection); !at) return add_to_url(at.error().message);
    const auto parsed = boost::urls::parse_uri(url);
    if (!parsed) return;
    const auto value_of = [&](std::string_view name) {
      const auto found = parsed->params().find(name);
      return found == parsed->params().end() ? std::string() : std::string((*found).value);
    };
    const std::string mode = value_of("sslmode");
    if (mode == "disable") return;
    const std::string authorities = value_of("sslrootcert");
    if (!authorities.empty() && authorities != "system" && (mode.starts_with("verify") || is_there(authorities))) {
      if (const auto trust = http::tls_context::make_client(authorities); !trust)
        add_to_url("sslrootcert: " + trust.error().message);
    }
    const std::string certificate = value_of("sslcert");
    const std::string key = value_of("sslkey");
    if (certificate.empty() || key.empty() || !is_there(certificate) || !value_of("sslpassword").empty()) return;
    if (const auto pair = http::tls_context::make_server(certificate, key); !pair)
      add_to_url((pair.error().param == "key" ? "sslkey: " : "sslcert: ") + pair.error().message);
  }

  void check_providers() {
    async::worker_pool workers(1);
    async::blocking_pool lookups("name-lookup", 1, 1);
    const auto proxies = proxies_of_environment();
    if (!proxies) {
      wrong_.push_back({{.from = config::source::environment, .name = "proxies"}, proxies.error().message});
      return;
    }
    for (const auto& [name, provider] : told_.providers) {
      const auto made = make_provider(name, provider, *proxies, workers, lookups);
      if (!made) add(made.error().param, made.error().message);
    }
  }

  void check_data_dir() {
    std::error_code unknown;
    if (std::filesystem::exists(told_.data_dir, unknown) && !std::filesystem::is_directory(told_.data_dir, unknown))
      add("data_dir", fmt::format("data_dir: \"{}\" is not a folder", told_.data_dir));
  }

  const settings& told_;
  const config::value& document_;
  config::problems wrong_;
};

}  // namespace

config::problems check_named_files(const settings& told, const config::value& document, std::optional<role_name> of) {
  config::problems wrong = file_checker(told, document).run(of);
  config::sort(wrong);
  return wrong;
}

}  // namespace sluice::app
