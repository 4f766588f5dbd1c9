#include "agent/providers/gemini.hpp"

#include "agent/providers/embeddings.hpp"
#include "agent/providers/gemini_error.hpp"
#include "agent/providers/gemini_request.hpp"
#include "agent/providers/gemini_stream.hpp"

namespace sluice::agent {
namespace {

class dialect final : public provider_dialect {
 public:
  // Some base URLs end in the version, as OpenAI's do.
  explicit dialect(bool has_version) : version_(has_version ? "" : "/v1beta") {}

  std::string_view kind() const override { return "gcp.gemini"; }
  // In a URL it would stand in the logs of every proxy.
  credential_field credential() const override { return {.name = "x-goog-api-key", .prefix = ""}; }
  result<upstream_request> say(const generation::request& asked, std::string_view model) const override {
    auto body = make_gemini_body(asked, model);
    if (!body) return std::unexpected(std::move(body.error()));
    return upstream_request{
        .path = std::string(version_) +
                gemini_path(model, asked.streamed ? "streamGenerateContent?alt=sse" : "generateContent"),
        .body = std::move(*body)};
  }
  result<upstream_request> say_count(const generation::request& asked, std::string_view model) const override {
    auto body = make_gemini_count_body(asked, model);
    if (!body) return std::unexpected(std::move(body.error()));
    return upstream_request{.path = std::string(version_) + gemini_path(model, "countTokens"),
                            .body = std::move(*body)};
  }
  result<upstream_request> say_embedding(const generation::embedding_request& asked,
                                         std::string_view model) const override {
    const std::string path = gemini_path(model, "batchEmbedContents");
    auto body = make_gemini_embedding_body(asked, std::string_view(path).substr(1, path.rfind(':') - 1));
    if (!body) return std::unexpected(std::move(body.error()));
    return upstream_request{.path = std::string(version_) + path, .body = std::move(*body)};
  }
  result<generation::embeddings> read_embeddings(std::string_view json, std::string_view provider,
                                                 const generation::embedding_request& asked) const override {
    return read_gemini_embeddings(json, provider, asked);
  }
  std::string_view count_field() const override { return "totalTokens"; }
  std::unique_ptr<answer_reader> read(json_scratch& scratch, std::string_view provider,
                                      const generation::request& asked) const override {
    return std::make_unique<gemini_stream>(scratch, provider, asked.choices.value_or(1));
  }
  error refusal(const provider_refusal& told, std::string_view provider,
                std::chrono::system_clock::time_point now) const override {
    return gemini_error_of_refusal(told, provider, now);
  }

 private:
  std::string_view version_;
};

}  // namespace

result<std::shared_ptr<http_provider>> make_gemini(http_provider_settings told, async::worker_pool& workers,
                                                   async::blocking_pool& lookups) {
  const auto where = http::parse_base_url(told.base_url);  // one that is none is refused below
  const bool has_version = where && (where->path_prefix.ends_with("/v1beta") || where->path_prefix.ends_with("/v1") ||
                                     where->path_prefix.ends_with("/v1alpha"));
  return http_provider::make(std::move(told), std::make_unique<dialect>(has_version), workers, lookups);
}

}  // namespace sluice::agent
