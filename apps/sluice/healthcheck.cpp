#include "app/healthcheck.hpp"

#include <boost/json.hpp>

#include "app/exit_codes.hpp"
#include "app/roles.hpp"
#include "app/run_to_end.hpp"
#include "async/blocking_pool.hpp"
#include "http/client.hpp"
#include "http/tls_context.hpp"
#include "http/url.hpp"

namespace sluice::app {
namespace {

constexpr std::chrono::seconds limit{5};
constexpr std::size_t answer_bytes_max = 64 * 1024;

struct readiness {
  unsigned status = 0;
  std::string said;
};

task<result<readiness>> ask(http::client& with, const http::base_url& where) {
  const std::string target = where.path_prefix + "/readyz";
  const http::client_request request{.to = where.to, .method = "GET", .target = target};
  const http::client_deadlines deadlines{.connect = limit, .first_byte = limit, .between_bytes = limit, .total = limit};
  auto answer = co_await with.send(request, deadlines);
  if (!answer) co_return std::unexpected(answer.error());
  auto said = co_await answer->read_all(answer_bytes_max);
  if (!said) co_return std::unexpected(said.error());
  co_return readiness{.status = answer->status(), .said = std::move(*said)};
}

// Whatever answers every path with 200 is not ready, and not Sluice.
bool is_ours(const readiness& answer) {
  boost::system::error_code problem;
  const boost::json::value body = boost::json::parse(answer.said, problem);
  const boost::json::object* const fields = problem ? nullptr : body.if_object();
  return fields != nullptr && fields->contains("status") && fields->contains("checks");
}

}  // namespace

int run_healthcheck(const healthcheck_options& how, std::ostream& out, std::ostream& err) {
  const auto where = http::parse_base_url(how.url);
  if (!where) {
    err << "sluice healthcheck: --url " << where.error().message << '\n';
    return exit_usage;
  }
  const auto trust = http::tls_context::make_client();
  if (!trust) {
    err << "sluice healthcheck: " << trust.error().message << '\n';
    return exit_unavailable;
  }
  asio::io_context loop(1);
  async::blocking_pool lookups("name-lookup", 1, 4);
  http::client client(loop.get_executor(), lookups, *trust, {});
  const auto answer = run_to_end(loop, ask(client, *where));
  if (!answer) {
    err << "sluice healthcheck: " << answer.error().message << '\n';
    return exit_unavailable;
  }
  if (!is_ours(*answer)) {
    err << "sluice healthcheck: what answers at " << how.url << " (status " << answer->status << ") is not Sluice\n";
    return exit_unavailable;
  }
  (answer->status == 200 ? out : err) << answer->said << '\n';
  return answer->status == 200 ? 0 : exit_unavailable;
}

}  // namespace sluice::app
