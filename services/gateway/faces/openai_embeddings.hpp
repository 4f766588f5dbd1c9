// The face of OpenAI's embeddings: POST /v1/embeddings.
#pragma once

#include <boost/json/object.hpp>

#include "gateway/faces/answering.hpp"
#include "generation/embedding.hpp"

namespace sluice::gateway::openai {

/// The body. Source: `EmbeddingCreateParams` of OpenAI's SDK. `input` is a text, tokens, or a list of either. Fields
/// without a neutral name, `encoding_format` among them, stay in `extensions`. Errors are invalid_argument with the
/// path of the field in `param`.
result<generation::embedding_request> parse_embedding_request(const boost::json::object& body);

/// The body of the answer: vectors as lists of numbers, or in base64.
std::string embedding_list(const agent::embedding_answer& answer, bool in_base64);

task<> create_embeddings(face_uses uses, http::exchange& with);

}  // namespace sluice::gateway::openai
