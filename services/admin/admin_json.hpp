// What the administration answers, as JSON.
#pragma once

#include <boost/json/object.hpp>

#include "admin/admin_service.hpp"

namespace sluice::admin {

boost::json::object to_json(const identity::user& who);
boost::json::object to_json(const identity::api_key& key);
boost::json::object to_json(const service::named_usage& used, const agent::usage_report_request& asked);
boost::json::object to_json(const node& one);
boost::json::object to_json(const audit_event& event);

}  // namespace sluice::admin
