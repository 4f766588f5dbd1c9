#include "agent/rpc_usage.hpp"

#include <functional>

#include "agent/v1/usage.grpc.pb.h"
#include "rpc/client.hpp"
#include "rpc/handlers.hpp"

namespace sluice::agent {
namespace {

v1::UsageGrouping to_message(usage_grouping by) {
  switch (by) {
    case usage_grouping::day:
      return v1::USAGE_GROUPING_DAY;
    case usage_grouping::user:
      return v1::USAGE_GROUPING_USER;
    case usage_grouping::model:
      return v1::USAGE_GROUPING_MODEL;
    case usage_grouping::provider:
      return v1::USAGE_GROUPING_PROVIDER;
  }
  return v1::USAGE_GROUPING_UNSPECIFIED;
}

result<usage_grouping> from_message(int by) {
  switch (by) {
    case v1::USAGE_GROUPING_DAY:
      return usage_grouping::day;
    case v1::USAGE_GROUPING_USER:
      return usage_grouping::user;
    case v1::USAGE_GROUPING_MODEL:
      return usage_grouping::model;
    case v1::USAGE_GROUPING_PROVIDER:
      return usage_grouping::provider;
    default:
      return failure(error_reason::invalid_argument, "this node does not know that grouping of usage", "by");
  }
}

v1::UsageRow to_message(const usage_report_row& row) {
  v1::UsageRow made;
  made.set_day(row.day);
  made.set_user_id(row.user_id);
  made.set_model(row.model);
  made.set_provider(row.provider);
  made.set_requests(row.requests);
  made.set_failed(row.failed);
  made.set_input_tokens(row.tokens.input_tokens);
  made.set_cached_tokens(row.tokens.cached_tokens);
  made.set_cache_write_tokens(row.tokens.cache_write_tokens);
  made.set_output_tokens(row.tokens.output_tokens);
  made.set_reasoning_tokens(row.tokens.reasoning_tokens);
  made.set_is_of_providers(row.tokens.source == generation::usage_source::provider);
  made.set_cost_nano_usd(row.cost_nano_usd);
  return made;
}

usage_report_row from_message(const v1::UsageRow& row) {
  usage_report_row made{.day = row.day(),
                        .user_id = row.user_id(),
                        .model = row.model(),
                        .provider = row.provider(),
                        .requests = row.requests(),
                        .failed = row.failed(),
                        .tokens = {.input_tokens = row.input_tokens(),
                                   .cached_tokens = row.cached_tokens(),
                                   .cache_write_tokens = row.cache_write_tokens(),
                                   .output_tokens = row.output_tokens(),
                                   .reasoning_tokens = row.reasoning_tokens()},
                        .cost_nano_usd = row.cost_nano_usd()};
  if (row.is_of_providers()) made.tokens.source = generation::usage_source::provider;
  return made;
}

class usage_server final : public v1::UsageReports::CallbackService {
 public:
  usage_server(rpc::call_host& host, usage_reports& usage) : host_(host), usage_(usage) {}

  grpc::ServerUnaryReactor* ReportUsage(grpc::CallbackServerContext* context, const v1::ReportUsageRequest* request,
                                        v1::ReportUsageResponse* response) override {
    return rpc::answer(host_, context, request, response, std::bind_front(&usage_server::report_usage, this));
  }

 private:
  task<result<v1::ReportUsageResponse>> report_usage(rpc::call_context, const v1::ReportUsageRequest& request) {
    usage_report_request asked{.from = request.from(),
                               .to = request.to(),
                               .by = {},
                               .user_id = request.user_id(),
                               .model = request.model(),
                               .provider = request.provider()};
    for (const int each : request.by()) {
      const auto by = from_message(each);
      if (!by) co_return std::unexpected(by.error());
      asked.by.push_back(*by);
    }
    const auto report = co_await usage_.report_usage(std::move(asked));
    if (!report) co_return std::unexpected(report.error());
    v1::ReportUsageResponse response;
    for (const usage_report_row& row : report->rows)
      *response.add_rows() = to_message(row);
    *response.mutable_total() = to_message(report->total);
    response.set_truncated(report->truncated);
    co_return response;
  }

  rpc::call_host& host_;
  usage_reports& usage_;
};

class usage_client final : public usage_reports {
 public:
  usage_client(rpc::channel& over, std::chrono::milliseconds deadline) : node_(over), deadline_(deadline) {}

  task<result<usage_report>> report_usage(usage_report_request asked) override {
    v1::ReportUsageRequest request;
    request.set_from(std::move(asked.from));
    request.set_to(std::move(asked.to));
    for (const usage_grouping by : asked.by)
      request.add_by(to_message(by));
    request.set_user_id(std::move(asked.user_id));
    request.set_model(std::move(asked.model));
    request.set_provider(std::move(asked.provider));
    rpc::call_options within;
    within.deadline = deadline_;
    const auto answer =
        co_await node_.call(&rpc::methods<v1::UsageReports>::ReportUsage, std::move(request), std::move(within));
    if (!answer) co_return std::unexpected(answer.error());
    usage_report report;
    for (const v1::UsageRow& row : answer->rows())
      report.rows.push_back(from_message(row));
    report.total = from_message(answer->total());
    report.truncated = answer->truncated();
    co_return report;
  }

 private:
  rpc::client<v1::UsageReports> node_;
  std::chrono::milliseconds deadline_;
};

}  // namespace

std::shared_ptr<grpc::Service> make_usage_rpc_service(rpc::call_host& host, usage_reports& usage) {
  return std::make_shared<usage_server>(host, usage);
}

std::unique_ptr<usage_reports> make_usage_rpc_client(rpc::channel& over, std::chrono::milliseconds deadline) {
  return std::make_unique<usage_client>(over, deadline);
}

}  // namespace sluice::agent
