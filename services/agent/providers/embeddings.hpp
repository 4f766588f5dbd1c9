// Texts as vectors in the words of providers: OpenAI's embeddings, Gemini's batchEmbedContents. No I/O.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"
#include "generation/embedding.hpp"

namespace sluice::agent {

/// The body of `POST /v1/embeddings`. Source: `EmbeddingCreateParams` of OpenAI's SDK.
std::string make_openai_embedding_body(const generation::embedding_request& asked, std::string_view model);
/// Vectors as lists or in base64, whatever was asked for: not every server knows `encoding_format`. An answer with
/// another number of vectors than `count` is bad_gateway.
result<generation::embeddings> read_openai_embeddings(std::string_view json, std::string_view provider,
                                                      std::size_t count);

/// The body of `:batchEmbedContents`; `name` is the model's, with its collection. Tokens cannot be said:
/// invalid_argument.
result<std::string> make_gemini_embedding_body(const generation::embedding_request& asked, std::string_view name);
/// Gemini tells no usage: it is estimated from the bytes of the inputs.
result<generation::embeddings> read_gemini_embeddings(std::string_view json, std::string_view provider,
                                                      const generation::embedding_request& asked);

}  // namespace sluice::agent
