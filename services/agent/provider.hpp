// The face of a provider: translate one request, stream one answer, nothing else.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "base/error.hpp"
#include "generation/embedding.hpp"
#include "generation/log.hpp"
#include "generation/request.hpp"
#include "telemetry/span.hpp"

namespace sluice::agent {

/// Where a provider's translator puts what it reads: the deltas go to the log at once, what belongs to the terminal
/// record is gathered. Lives for one attempt, on the generation's worker.
class provider_output {
 public:
  /// `attempt`: its span; `propagates`: whether the provider is told of it.
  explicit provider_output(generation::log& to, telemetry::span attempt = {}, bool propagates = false)
      : log_(to), attempt_(std::move(attempt)), propagates_(propagates) {}
  provider_output(const provider_output&) = delete;
  provider_output& operator=(const provider_output&) = delete;

  /// False when the answer has grown past its bound: the provider should stop with `too_long()`.
  bool append(generation::delta_kind kind, std::string_view bytes, std::uint8_t choice = 0);
  static error too_long();
  static error too_many_fields();

  void finish_choice(generation::choice_finish how);
  void report_usage(const generation::usage& now) { usage_ = now; }
  /// The first one counts. One that is too long to be a name is none.
  void set_response_id(std::string_view id) { set_name(response_id_, id); }
  void set_model(std::string_view model) { set_name(model_, model); }
  /// A vendor field of the whole response; `raw_json` is its value. The last one of a name holds. False when there are
  /// more of them, or of their bytes, than an answer may have: the provider should stop with `too_many_fields()`.
  bool set_extension(std::string_view name, std::string_view raw_json);

  bool has_finish() const { return !choices_.empty(); }
  bool has_deltas() const { return deltas_ != 0; }
  std::optional<std::chrono::steady_clock::time_point> first_delta_at() const { return first_delta_at_; }

  /// How long the attempt may take up to its first delta, where that is less than the provider's own patience.
  std::chrono::milliseconds patience() const { return patience_; }
  void set_patience(std::chrono::milliseconds limit) { patience_ = limit; }

  telemetry::span& attempt() { return attempt_; }
  /// What the provider is to be told about the trace, as lines of an HTTP header; may be empty.
  std::string trace_header_lines() const;

  /// Everything gathered so far as a terminal record of `how`. Where the provider has not said what was used, it is
  /// estimated, and marked so: a token for each four bytes, and of the answer at least one for each delta that said
  /// something.
  generation::finish conclude(generation::status how, std::size_t prompt_bytes) const;

 private:
  static void set_name(std::string& name, std::string_view to);

  generation::log& log_;
  telemetry::span attempt_;
  bool propagates_;
  std::chrono::milliseconds patience_ = std::chrono::milliseconds::max();
  std::uint64_t deltas_ = 0;
  std::uint64_t words_ = 0;       // deltas that a model has written,
  std::uint64_t word_bytes_ = 0;  // and their bytes
  std::optional<std::chrono::steady_clock::time_point> first_delta_at_;
  std::vector<generation::choice_finish> choices_;
  std::optional<generation::usage> usage_;
  std::string response_id_;
  std::string model_;
  std::vector<std::pair<std::string, std::string>> extensions_;
  std::size_t extension_bytes_ = 0;
};

/// A token for each four bytes, for who has nothing better.
constexpr std::int64_t estimate_tokens(std::size_t bytes) {
  return static_cast<std::int64_t>((bytes + 3) / 4);
}

/// One configured provider. Shared by all workers: an implementation keeps its connections per worker.
class provider {
 public:
  virtual ~provider() = default;
  virtual std::string_view name() const = 0;
  /// Whose words it speaks, as OpenTelemetry names it (`gen_ai.provider.name`).
  virtual std::string_view kind() const { return name(); }

  /// How long an answer of it may take up to the first delta, as its deadlines have it.
  virtual std::chrono::milliseconds patience(bool /*streamed*/) const { return std::chrono::milliseconds::max(); }

  /// Asks for `model` (the provider's own name) and streams the answer into `out`, which with `asked` outlives the
  /// task. Returns when the answer is complete: exactly then the provider has said so itself. Errors: see
  /// `error_reason`; a stream that ends without its end marker is bad_gateway. When cancelled it closes its connection
  /// and throws operation_aborted.
  virtual task<result<void>> generate(const generation::request& asked, std::string_view model,
                                      provider_output& out) = 0;

  /// Each input as a vector. Errors: as of `generate`; not_implemented where it has no such models.
  virtual task<result<generation::embeddings>> embed(const generation::embedding_request& asked,
                                                     std::string_view model);

  /// How many tokens the request would be as input. Errors: as of `generate`; not_implemented where it cannot tell.
  virtual task<result<std::int64_t>> count_tokens(const generation::request& asked, std::string_view model);
};

}  // namespace sluice::agent
