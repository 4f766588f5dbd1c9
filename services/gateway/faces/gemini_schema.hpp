// Google's two ways to write what clients send: names in camelCase or snake_case, and schemas of OpenAPI's kind. No
// I/O.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace sluice::gateway::gemini {

/// The object with its own keys in camelCase, the values as they are: protobuf's JSON takes `inline_data` for
/// `inlineData`. Where both are there, the first one counts.
boost::json::object with_camel_keys(const boost::json::object& from);

/// Gemini's `Schema` as JSON Schema: types in small letters, `nullable` as the type "null", counts that are written as
/// strings as numbers; `propertyOrdering`, which JSON Schema does not know, is left out. Source: `Schema` of Google's
/// SDK. What is JSON Schema already stays as it is.
boost::json::value json_schema_of(const boost::json::value& schema);

}  // namespace sluice::gateway::gemini
