// What a log amounts to: the whole answer, for those who do not stream.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "generation/delta.hpp"
#include "generation/log.hpp"

namespace sluice::generation {

struct tool_call {
  std::string id;
  std::string name;
  std::string arguments;  ///< JSON text as the model wrote it, or a custom tool's free text
  bool is_custom = false;
  boost::json::object extensions;  ///< vendor fields, see `vendor_fields.hpp`
};

/// One choice of an answer, rewinds applied.
struct answer {
  std::string text;
  std::string reasoning;
  std::string reasoning_summary;
  std::string refusal;
  std::vector<tool_call> tool_calls;
  std::vector<std::string> extensions;  ///< JSON objects, in order
};

/// Reads everything that is published. Choices by their index; at least one.
std::vector<answer> collect(const log& source);

}  // namespace sluice::generation
