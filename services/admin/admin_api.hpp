// The administration over HTTP: `/admin/api/v1`, described in docs/admin.md.
#pragma once

#include <vector>

#include "admin/admin_service.hpp"
#include "door/admission.hpp"
#include "door/settings.hpp"
#include "http/router.hpp"

namespace sluice::admin {

/// What the handlers need; all of it outlives them.
struct admin_api {
  service& rules;
  const door::admission& door;
  const door::settings& told;
};

/// Nothing that they answer may be kept by a cache.
std::vector<http::route> admin_routes(admin_api uses);

}  // namespace sluice::admin
