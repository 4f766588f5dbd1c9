#include "telemetry/trace_settings.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::telemetry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct outcome {
  trace_settings told;
  std::vector<std::string> notices;
};

outcome apply(const std::map<std::string, std::string, std::less<>>& variables, trace_settings from = {}) {
  outcome made;
  made.told = apply_environment(
      std::move(from),
      [&](std::string_view name) {
        const auto found = variables.find(name);
        return found == variables.end() ? nullptr : &found->second;
      },
      made.notices);
  return made;
}

TEST(trace_settings, without_a_word_traces_are_off) {
  EXPECT_EQ(apply({}).told.endpoint, "");
  EXPECT_EQ(apply({{"OTEL_TRACES_SAMPLER", "always_on"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", ""}}).told.endpoint, "");
}

TEST(trace_settings, an_endpoint_turns_them_on) {
  EXPECT_EQ(apply({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"}}).told.endpoint, "http://c:4318/v1/traces");
  EXPECT_EQ(apply({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c/x"}}).told.endpoint, "http://c/x");
  const auto grpc = apply({{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:4317"}});
  EXPECT_EQ(grpc.told.endpoint, "https://c:4317");
  EXPECT_EQ(grpc.told.protocol, trace_protocol::grpc);
  EXPECT_EQ(apply({{"OTEL_TRACES_EXPORTER", "otlp"}}).told.endpoint, "http://localhost:4318/v1/traces");
  EXPECT_EQ(apply({}, {.endpoint = "http://file:4318"}).told.endpoint, "http://file:4318/v1/traces");
  EXPECT_EQ(apply({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1"}}, {.endpoint = "http://file:4318"}).told.endpoint,
            "http://c:1/v1/traces");
}

TEST(trace_settings, can_be_turned_off_whatever_the_file_says) {
  const trace_settings on{.endpoint = "http://c:4318"};
  EXPECT_EQ(apply({{"OTEL_SDK_DISABLED", "true"}}, on).told.endpoint, "");
  EXPECT_EQ(apply({{"OTEL_TRACES_EXPORTER", "none"}}, on).told.endpoint, "");
  EXPECT_NE(apply({{"OTEL_SDK_DISABLED", "false"}}, on).told.endpoint, "");
}

TEST(trace_settings, samplers) {
  const auto ratio = apply({{"OTEL_TRACES_SAMPLER", "parentbased_traceidratio"}, {"OTEL_TRACES_SAMPLER_ARG", "0.01"}});
  EXPECT_EQ(ratio.told.sample.roots, sampling::rule::share);
  EXPECT_EQ(ratio.told.sample.ratio, 0.01);
  EXPECT_TRUE(ratio.told.sample.follow_parent);
  const auto off = apply({{"OTEL_TRACES_SAMPLER", "always_off"}});
  EXPECT_EQ(off.told.sample.roots, sampling::rule::none);
  EXPECT_FALSE(off.told.sample.follow_parent);
  EXPECT_THAT(ratio.notices, IsEmpty());
}

TEST(trace_settings, limits) {
  const auto read = apply({{"OTEL_BSP_SCHEDULE_DELAY", "100"},
                           {"OTEL_BSP_MAX_QUEUE_SIZE", "64"},
                           {"OTEL_EXPORTER_OTLP_TIMEOUT", "7000"},
                           {"OTEL_BSP_EXPORT_TIMEOUT", "3000"}});
  EXPECT_EQ(read.told.queue.delay, std::chrono::milliseconds(100));
  EXPECT_EQ(read.told.queue.spans_max, 64U);
  EXPECT_EQ(read.told.queue.batch_max, 64U);
  EXPECT_EQ(read.told.timeout, std::chrono::milliseconds(3000));
}

TEST(trace_settings, the_name_of_the_service) {
  const trace_settings from{.service_name = "sluice-agent"};
  EXPECT_EQ(apply({}, from).told.service_name, "sluice-agent");
  EXPECT_EQ(apply({{"OTEL_RESOURCE_ATTRIBUTES", "a=b,service.name=mine,c=d"}}, from).told.service_name, "mine");
  EXPECT_EQ(apply({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=x"}, {"OTEL_SERVICE_NAME", "y"}}, from).told.service_name,
            "y");
}

TEST(trace_settings, others_need_not_be_told) {
  EXPECT_TRUE(apply({{"OTEL_PROPAGATORS", "tracecontext,baggage"}}).told.shows.propagate);
  EXPECT_FALSE(apply({{"OTEL_PROPAGATORS", "none"}}).told.shows.propagate);
}

TEST(trace_settings, what_makes_no_sense_is_noticed_and_left_out) {
  const auto odd = apply({{"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"},
                          {"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"},
                          {"OTEL_TRACES_SAMPLER", "jaeger_remote"},
                          {"OTEL_TRACES_SAMPLER_ARG", "2"},
                          {"OTEL_BSP_MAX_QUEUE_SIZE", "-1"},
                          {"OTEL_BSP_SCHEDULE_DELAY", "5s"},
                          {"OTEL_SDK_DISABLED", "yes"}});
  EXPECT_EQ(odd.told.endpoint, "");
  EXPECT_EQ(odd.told.sample.ratio, 1);
  EXPECT_EQ(odd.told.queue.spans_max, 2048U);
  EXPECT_EQ(odd.notices.size(), 7U);
  EXPECT_THAT(apply({{"OTEL_TRACES_EXPORTER", "zipkin"}}).notices, ElementsAre(HasSubstr("zipkin")));
}

}  // namespace
}  // namespace sluice::telemetry
