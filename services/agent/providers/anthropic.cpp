#include "agent/providers/anthropic.hpp"

#include "agent/providers/anthropic_request.hpp"
#include "agent/providers/anthropic_stream.hpp"

namespace sluice::agent {
namespace {

// The version of the API whose words are written and read here; `headers` may name another one.
constexpr std::string_view api_version = "2023-06-01";

class dialect final : public provider_dialect {
 public:
  // Some base URLs end in /v1, as OpenAI's do.
  explicit dialect(std::string path) : path_(std::move(path)) {}

  std::string_view kind() const override { return "anthropic"; }
  credential_field credential() const override { return {.name = "x-api-key", .prefix = ""}; }
  std::vector<std::pair<std::string_view, std::string_view>> header_fields() const override {
    return {{"anthropic-version", api_version}};
  }
  result<upstream_request> say(const generation::request& asked, std::string_view model) const override {
    auto body = make_anthropic_body(asked, model);
    if (!body) return std::unexpected(std::move(body.error()));
    return upstream_request{.path = path_, .body = std::move(*body)};
  }
  result<upstream_request> say_count(const generation::request& asked, std::string_view model) const override {
    auto body = make_anthropic_count_body(asked, model);
    if (!body) return std::unexpected(std::move(body.error()));
    return upstream_request{.path = path_ + "/count_tokens", .body = std::move(*body)};
  }
  std::string_view count_field() const override { return "input_tokens"; }
  std::unique_ptr<answer_reader> read(json_scratch& scratch, std::string_view provider,
                                      const generation::request&) const override {
    return std::make_unique<anthropic_stream>(scratch, provider);
  }

 private:
  std::string path_;
};

}  // namespace

result<std::shared_ptr<http_provider>> make_anthropic(http_provider_settings told, async::worker_pool& workers,
                                                      async::blocking_pool& lookups) {
  const auto where = http::parse_base_url(told.base_url);  // one that is none is refused below
  const bool has_version = where && where->path_prefix.ends_with("/v1");
  auto words = std::make_unique<dialect>(has_version ? "/messages" : "/v1/messages");
  return http_provider::make(std::move(told), std::move(words), workers, lookups);
}

}  // namespace sluice::agent
