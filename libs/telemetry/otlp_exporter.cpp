#include "telemetry/otlp_exporter.hpp"

#include <mutex>

#include <opentelemetry/exporters/otlp/otlp_grpc_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_grpc_exporter_options.h>
#include <opentelemetry/exporters/otlp/otlp_http_exporter_factory.h>
#include <opentelemetry/exporters/otlp/otlp_http_exporter_options.h>
#include <opentelemetry/sdk/common/global_log_handler.h>
#include <opentelemetry/sdk/instrumentationscope/instrumentation_scope.h>
#include <opentelemetry/sdk/resource/resource.h>
#include <opentelemetry/sdk/trace/exporter.h>
#include <opentelemetry/sdk/trace/recordable.h>
#include <opentelemetry/trace/span_context.h>

#include "base/utf8.hpp"

namespace sluice::telemetry {
namespace {

namespace otel = opentelemetry;
namespace otlp = opentelemetry::exporter::otlp;
namespace log = opentelemetry::sdk::common::internal_log;
using recordable = otel::sdk::trace::Recordable;

// What the library has to say, which is kept for whoever asked it to send something. Over HTTP that is also the only
// way to learn that it failed: `Export` returns success there.
class last_words final : public log::LogHandler {
 public:
  void Handle(log::LogLevel level, const char*, int, const char* message,
              const otel::sdk::common::AttributeMap&) noexcept override {
    if (level != log::LogLevel::Error) return;
    complained() = true;
    const std::lock_guard held(lock_);
    // The first one knows more than those that follow from it.
    if (text_.empty()) text_ = message;
  }
  /// On the thread that is about to send.
  void clear() {
    complained() = false;
    const std::lock_guard held(lock_);
    text_.clear();
  }
  static bool& complained() {
    thread_local bool here = false;
    return here;
  }
  std::string text() {
    constexpr std::size_t bytes_max = 300;
    const std::lock_guard held(lock_);
    return std::string(is_valid_utf8(text_) ? clip(text_, bytes_max) : "the collector's answer is no text");
  }

 private:
  std::mutex lock_;
  std::string text_;
};

// One for the process, as the library has it.
last_words& listen() {
  static const otel::nostd::shared_ptr<log::LogHandler> handler = [] {
    otel::nostd::shared_ptr<log::LogHandler> made(new last_words());
    log::GlobalLogHandler::SetLogHandler(made);
    log::GlobalLogHandler::SetLogLevel(log::LogLevel::Error);
    return made;
  }();
  return static_cast<last_words&>(*handler);
}

std::unique_ptr<otel::sdk::trace::SpanExporter> make_library_exporter(const trace_settings& told) {
  if (told.protocol == trace_protocol::grpc) {
    otlp::OtlpGrpcExporterOptions options;
    options.endpoint = told.endpoint;
    options.use_ssl_credentials = told.endpoint.starts_with("https://");
    options.timeout = told.timeout;
    return otlp::OtlpGrpcExporterFactory::Create(options);
  }
  otlp::OtlpHttpExporterOptions options;
  options.url = told.endpoint;
  options.content_type = otlp::HttpRequestContentType::kBinary;
  options.timeout = told.timeout;
  return otlp::OtlpHttpExporterFactory::Create(options);
}

otel::sdk::resource::Resource make_resource(const trace_settings& told, std::string_view version) {
  otel::sdk::resource::ResourceAttributes said;
  said["service.name"] = told.service_name;
  said["service.version"] = std::string(version);
  return otel::sdk::resource::Resource::Create(said);
}

otel::trace::SpanContext to_library(const trace_context& from, bool is_remote) {
  return {otel::trace::TraceId(from.trace_id), otel::trace::SpanId(from.span_id),
          otel::trace::TraceFlags(from.sampled ? otel::trace::TraceFlags::kIsSampled : 0), is_remote,
          otel::trace::TraceState::FromHeader(from.state)};
}

otel::trace::SpanKind to_library(span_kind kind) {
  switch (kind) {
    case span_kind::internal:
      return otel::trace::SpanKind::kInternal;
    case span_kind::server:
      return otel::trace::SpanKind::kServer;
    case span_kind::client:
      return otel::trace::SpanKind::kClient;
  }
  return otel::trace::SpanKind::kInternal;
}

otel::nostd::string_view to_library(std::string_view text) {
  return {text.data(), text.size()};
}

// Calls `take` with the library's form of a value, which is good during the call.
template <class Take>
void with_value(const span_record::value& value, Take take) {
  if (const auto* const texts = std::get_if<std::vector<std::string>>(&value)) {
    std::vector<otel::nostd::string_view> views;
    for (const std::string& text : *texts)
      views.push_back(to_library(text));
    return take(otel::common::AttributeValue(otel::nostd::span<const otel::nostd::string_view>(views)));
  }
  if (const auto* const text = std::get_if<std::string>(&value))
    return take(otel::common::AttributeValue(to_library(*text)));
  if (const auto* const truth = std::get_if<bool>(&value)) return take(otel::common::AttributeValue(*truth));
  if (const auto* const real = std::get_if<double>(&value)) return take(otel::common::AttributeValue(*real));
  take(otel::common::AttributeValue(std::get<std::int64_t>(value)));
}

class pairs final : public otel::common::KeyValueIterable {
 public:
  explicit pairs(const std::vector<span_record::pair>& of) : of_(of) {}
  bool ForEachKeyValue(otel::nostd::function_ref<bool(otel::nostd::string_view, otel::common::AttributeValue)> visit)
      const noexcept override {
    for (const span_record::pair& each : of_)
      with_value(each.holds,
                 [&](const otel::common::AttributeValue& value) { visit(to_library(each.key.text()), value); });
    return true;
  }
  std::size_t size() const noexcept override { return of_.size(); }

 private:
  const std::vector<span_record::pair>& of_;
};

void fill(recordable& to, const span_record& from) {
  to.SetIdentity(to_library(from.context, false),
                 from.parent.is_valid() ? otel::trace::SpanId(from.parent.span_id) : otel::trace::SpanId());
  to.SetTraceFlags(otel::trace::TraceFlags(otel::trace::TraceFlags::kIsSampled));
  to.SetName(to_library(from.name));
  to.SetSpanKind(to_library(from.kind));
  to.SetStartTime(otel::common::SystemTimestamp(from.start));
  to.SetDuration(from.duration);
  pairs(from.attributes).ForEachKeyValue([&](otel::nostd::string_view key, const otel::common::AttributeValue& value) {
    to.SetAttribute(key, value);
    return true;
  });
  for (const span_record::event& event : from.events)
    to.AddEvent(to_library(event.name.text()), otel::common::SystemTimestamp(event.at), pairs(event.attributes));
  if (from.failed) to.SetStatus(otel::trace::StatusCode::kError, to_library(from.problem));
}

class otlp_exporter final : public span_exporter {
 public:
  otlp_exporter(const trace_settings& told, std::string_view version)
      : words_(listen()),
        resource_(make_resource(told, version)),
        scope_(otel::sdk::instrumentationscope::InstrumentationScope::Create("sluice", to_library(version))),
        way_(make_library_exporter(told)) {}

  result<void> send(const std::vector<std::unique_ptr<span_record>>& batch) override {
    std::vector<std::unique_ptr<recordable>> spans;
    spans.reserve(batch.size());
    for (const auto& each : batch) {
      auto made = way_->MakeRecordable();
      made->SetResource(resource_);
      made->SetInstrumentationScope(*scope_);
      fill(*made, *each);
      spans.push_back(std::move(made));
    }
    words_.clear();
    const auto outcome = way_->Export({spans.data(), spans.size()});
    if (outcome == otel::sdk::common::ExportResult::kSuccess && !last_words::complained()) return {};
    return failure(error_reason::unavailable, words_.text());
  }

 private:
  last_words& words_;
  otel::sdk::resource::Resource resource_;
  otel::nostd::unique_ptr<otel::sdk::instrumentationscope::InstrumentationScope> scope_;
  std::unique_ptr<otel::sdk::trace::SpanExporter> way_;
};

}  // namespace

std::unique_ptr<span_exporter> make_otlp_exporter(const trace_settings& told, std::string_view version) {
  return std::make_unique<otlp_exporter>(told, version);
}

}  // namespace sluice::telemetry
