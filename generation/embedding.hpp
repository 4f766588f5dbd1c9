// Texts as vectors: what any provider can be asked for, and what it answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "base/error.hpp"
#include "generation/usage.hpp"

namespace sluice::generation {

/// One input: a text, or the tokens of one.
struct embedding_input {
  std::string text = {};
  std::vector<std::int64_t> tokens = {};
};

struct embedding_request {
  std::string model;  ///< as the client named it
  std::vector<embedding_input> inputs;
  std::optional<std::int64_t> dimensions;
  std::string end_user;
  std::string dialect;                  ///< whose names `extensions` are in
  boost::json::object extensions = {};  ///< fields without a neutral name, for a provider of this dialect
};

/// A vector for each input, in their order.
struct embeddings {
  std::vector<std::vector<float>> vectors;
  generation::usage usage;
};

/// How a request travels between nodes. Reading it back gives an equal one.
boost::json::object to_json(const embedding_request& from);
/// Errors are `internal`: what we wrote ourselves is damaged.
result<embedding_request> parse_embedding_request(std::string_view text);

/// A vector as bytes: 32-bit floating-point numbers, little-endian (what OpenAI's base64 holds).
std::string to_bytes(const std::vector<float>& vector);
/// Nothing for what is no whole number of numbers, or has one that is not finite.
std::optional<std::vector<float>> vector_of(std::string_view bytes);

}  // namespace sluice::generation
