// Fields that only a vendor knows: kept as JSON beside what has a neutral name, and put back where they stood.
//
// They mirror the object that they came in: the fields of an object within it stand under that object's name. So
// {"extra_content":{…},"function":{"x":1}} are those of a tool call and of its function.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

namespace sluice::generation {

/// The fields of `from` that are not null and not among those that are `known`.
boost::json::object vendor_fields_of(const boost::json::object& from, std::initializer_list<std::string_view> known);

/// Adds those of the object `inner`, which stands in `from` under `name`, if it has any.
void add_vendor_fields(boost::json::object& to, std::string_view name, const boost::json::object& inner,
                       std::initializer_list<std::string_view> known);

/// Empty for what is no JSON object.
boost::json::object parse_vendor_fields(std::string_view text);

/// Joins fields that came in pieces: lists grow (logprobs.content), objects join, the rest is replaced.
void join_vendor_fields(boost::json::object& into, const boost::json::object& more);

/// Appends `,"name":value` for each but those that are `said` already.
void append_vendor_fields(std::string& out, const boost::json::object& fields,
                          std::initializer_list<std::string_view> said = {});

/// Appends those of the object that stands under `name`.
void append_inner_vendor_fields(std::string& out, const boost::json::object& fields, std::string_view name);

}  // namespace sluice::generation
