#include "telemetry/trace_settings.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

namespace sluice::telemetry {
namespace {

using std::chrono::milliseconds;

class reader {
 public:
  reader(const variable_reader& read, std::vector<std::string>& notices) : read_(read), notices_(notices) {}

  /// An empty variable counts as none.
  const std::string* text(std::string_view name) const {
    const std::string* const found = read_(name);
    return found && !found->empty() ? found : nullptr;
  }
  /// The variable for traces alone goes before the one for all signals.
  const std::string* text(std::string_view name, std::string_view general) const {
    const std::string* const found = text(name);
    return found ? found : text(general);
  }
  bool truth(std::string_view name) {
    const std::string* const found = text(name);
    if (!found || *found == "false") return false;
    if (*found == "true") return true;
    refuse(name, *found, "true or false");
    return false;
  }
  std::optional<std::uint64_t> number(std::string_view name) {
    constexpr std::uint64_t most = 1'000'000'000;
    const std::string* const found = text(name);
    if (!found) return std::nullopt;
    std::uint64_t value = 0;
    const char* const end = found->data() + found->size();
    const auto [stop, code] = std::from_chars(found->data(), end, value);
    if (code == std::errc() && stop == end && value != 0 && value <= most) return value;
    refuse(name, *found, "a whole number above zero");
    return std::nullopt;
  }
  void refuse(std::string_view name, std::string_view value, std::string_view wanted) {
    notices_.push_back(fmt::format("{} is \"{}\", not {}: it is left out", name, value, wanted));
  }

 private:
  const variable_reader& read_;
  std::vector<std::string>& notices_;
};

void read_protocol(reader& from, trace_settings& told) {
  const std::string* const said = from.text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");
  if (!said) return;
  if (*said == "grpc") {
    told.protocol = trace_protocol::grpc;
  } else if (*said == "http/protobuf") {
    told.protocol = trace_protocol::http_protobuf;
  } else {
    from.refuse("OTEL_EXPORTER_OTLP_PROTOCOL", *said, "grpc or http/protobuf");
  }
}

void read_endpoint(reader& from, trace_settings& told) {
  const bool over_http = told.protocol == trace_protocol::http_protobuf;
  const std::string* const exact = from.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const std::string* const general = from.text("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (!exact && general) told.endpoint = *general;
  const std::string* const exporter = from.text("OTEL_TRACES_EXPORTER");
  if (exporter && *exporter == "otlp" && told.endpoint.empty() && !exact)
    told.endpoint = over_http ? "http://localhost:4318" : "http://localhost:4317";
  // What is said for all signals is where the paths of the signals begin.
  if (over_http && !told.endpoint.empty() && !exact) {
    while (told.endpoint.ends_with('/'))
      told.endpoint.pop_back();
    told.endpoint += "/v1/traces";
  }
  if (exact) told.endpoint = *exact;
  if (exporter && *exporter != "otlp") {
    if (*exporter != "none") from.refuse("OTEL_TRACES_EXPORTER", *exporter, "otlp or none");
    if (*exporter == "none") told.endpoint.clear();
  }
  if (from.truth("OTEL_SDK_DISABLED")) told.endpoint.clear();
}

void read_sampler(reader& from, sampling& told) {
  const std::string* const said = from.text("OTEL_TRACES_SAMPLER");
  if (said) {
    std::string_view name = *said;
    constexpr std::string_view parent = "parentbased_";
    const bool follows = name.starts_with(parent);
    if (follows) name.remove_prefix(parent.size());
    const auto rule = name == "always_on"      ? std::optional(sampling::rule::all)
                      : name == "always_off"   ? std::optional(sampling::rule::none)
                      : name == "traceidratio" ? std::optional(sampling::rule::share)
                                               : std::nullopt;
    if (rule) {
      told = {.roots = *rule, .ratio = 1, .follow_parent = follows};
    } else {
      from.refuse("OTEL_TRACES_SAMPLER", *said, "a sampler that is known here");
    }
  }
  const std::string* const argument = from.text("OTEL_TRACES_SAMPLER_ARG");
  if (!argument) return;
  double ratio = -1;
  const char* const end = argument->data() + argument->size();
  const auto [stop, code] = std::from_chars(argument->data(), end, ratio);
  if (code == std::errc() && stop == end && ratio >= 0 && ratio <= 1) {
    told.ratio = ratio;
  } else {
    from.refuse("OTEL_TRACES_SAMPLER_ARG", *argument, "a number from 0 to 1");
  }
}

void read_queue(reader& from, trace_settings& told) {
  if (const auto delay = from.number("OTEL_BSP_SCHEDULE_DELAY")) told.queue.delay = milliseconds(*delay);
  if (const auto size = from.number("OTEL_BSP_MAX_QUEUE_SIZE")) told.queue.spans_max = *size;
  if (const auto size = from.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")) told.queue.batch_max = *size;
  told.queue.batch_max = std::min(told.queue.batch_max, told.queue.spans_max);
  const bool of_traces = from.text("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT") != nullptr;
  const auto limit = from.number(of_traces ? "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT" : "OTEL_EXPORTER_OTLP_TIMEOUT");
  if (limit) told.timeout = milliseconds(*limit);
  if (const auto most = from.number("OTEL_BSP_EXPORT_TIMEOUT"))
    told.timeout = std::min(told.timeout, milliseconds(*most));
}

// The propagators are a list; ours is W3C's or none.
void read_propagators(reader& from, trace_settings& told) {
  const std::string* const said = from.text("OTEL_PROPAGATORS");
  if (said) told.shows.propagate = said->find("tracecontext") != std::string::npos;
}

void read_service_name(reader& from, trace_settings& told) {
  if (const std::string* const name = from.text("OTEL_SERVICE_NAME")) {
    told.service_name = *name;
    return;
  }
  const std::string* const attributes = from.text("OTEL_RESOURCE_ATTRIBUTES");
  constexpr std::string_view key = "service.name=";
  std::string_view left = attributes ? std::string_view(*attributes) : std::string_view();
  while (!left.empty()) {
    const std::string_view one = left.substr(0, left.find(','));
    left.remove_prefix(std::min(left.size(), one.size() + 1));
    if (one.starts_with(key)) told.service_name = one.substr(key.size());
  }
}

}  // namespace

trace_settings apply_environment(trace_settings told, const variable_reader& read, std::vector<std::string>& notices) {
  reader from(read, notices);
  read_protocol(from, told);
  read_endpoint(from, told);
  read_sampler(from, told.sample);
  read_queue(from, told);
  read_propagators(from, told);
  read_service_name(from, told);
  const bool sane =
      told.endpoint.empty() || told.endpoint.starts_with("http://") || told.endpoint.starts_with("https://");
  if (!sane) {
    from.refuse("OTEL_EXPORTER_OTLP_ENDPOINT", told.endpoint, "an http:// or https:// URL");
    told.endpoint.clear();
  }
  return told;
}

}  // namespace sluice::telemetry
