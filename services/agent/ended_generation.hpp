// The record of an answer's end on its way to the store, as text.
#pragma once

#include <memory>
#include <string>

#include "agent/conversation_store.hpp"

namespace sluice::agent {

/// JSON; nothing is lost.
std::string to_text(const ended_generation& ended);
/// Errors are `internal`.
result<std::shared_ptr<const ended_generation>> parse_ended_generation(const std::string& text);

}  // namespace sluice::agent
