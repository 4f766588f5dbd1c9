#include "agent/providers/openai.hpp"

#include "agent/providers/embeddings.hpp"
#include "agent/providers/openai_request.hpp"
#include "agent/providers/openai_stream.hpp"

namespace sluice::agent {
namespace {

class dialect final : public provider_dialect {
 public:
  explicit dialect(openai_server server) : server_(server) {}

  std::string_view kind() const override { return "openai"; }
  credential_field credential() const override { return {.name = "Authorization", .prefix = "Bearer "}; }
  result<upstream_request> say(const generation::request& asked, std::string_view model) const override {
    auto body = make_openai_body(asked, model, server_);
    if (!body) return std::unexpected(std::move(body.error()));
    return upstream_request{.path = "/chat/completions", .body = std::move(*body)};
  }
  result<upstream_request> say_embedding(const generation::embedding_request& asked,
                                         std::string_view model) const override {
    return upstream_request{.path = "/embeddings", .body = make_openai_embedding_body(asked, model)};
  }
  result<generation::embeddings> read_embeddings(std::string_view json, std::string_view provider,
                                                 const generation::embedding_request& asked) const override {
    return read_openai_embeddings(json, provider, asked.inputs.size());
  }
  std::unique_ptr<answer_reader> read(json_scratch& scratch, std::string_view provider,
                                      const generation::request& asked) const override {
    return std::make_unique<openai_stream>(scratch, provider, asked.choices.value_or(1));
  }

 private:
  openai_server server_;
};

}  // namespace

result<std::shared_ptr<http_provider>> make_openai(http_provider_settings told, async::worker_pool& workers,
                                                   async::blocking_pool& lookups) {
  const auto where = http::parse_base_url(told.base_url);  // one that is none is refused below
  const openai_server server = where ? openai_server_at(where->to.host) : openai_server::compatible;
  return http_provider::make(std::move(told), std::make_unique<dialect>(server), workers, lookups);
}

}  // namespace sluice::agent
