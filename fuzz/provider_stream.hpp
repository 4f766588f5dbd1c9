// Any bytes as a provider's stream: read in pieces they say the same as read at once, and what reaches the log is
// sound.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>

#include "agent/provider.hpp"
#include "agent/providers/provider_json.hpp"
#include "base/utf8.hpp"
#include "generation/log.hpp"
#include "http/sse_parser.hpp"
#include "require.hpp"

namespace sluice::fuzz {

// One reading of the bytes in pieces of at most `piece`, and what came of it.
struct outcome {
  std::string deltas;
  bool complete = false;
  bool refused = false;
  bool operator==(const outcome&) const = default;
};

inline void check_delta(generation::delta_kind kind, std::string_view bytes) {
  using generation::delta_kind;
  require(!bytes.empty(), "no delta is empty");
  if (is_plain_text(kind) || kind == delta_kind::signature) {
    require(is_valid_utf8(bytes), "text is UTF-8");
  } else if (kind == delta_kind::tool_call) {
    require(is_valid_utf8(generation::decode_tool_call(bytes).arguments), "arguments are UTF-8");
  } else {
    require(kind == delta_kind::extension || kind == delta_kind::citation || kind == delta_kind::part,
            "there is no other kind");
    require(bytes.find('\n') == std::string_view::npos, "JSON fits in one line");
    // What simdjson took may go deeper than Boost.JSON likes.
    boost::system::error_code code;
    boost::json::parse(bytes, code, {}, {.max_depth = 2000});
    require(!code, "JSON is JSON");
  }
}

template <class Reader>
outcome read(async::worker_pool& workers, std::string_view bytes, std::size_t piece) {
  const auto log = std::make_shared<generation::log>(workers, "gen_1", 1 << 20);
  agent::provider_output out(*log);
  agent::json_scratch scratch;
  Reader stream(scratch, "fuzz");
  http::sse_parser parser(1 << 16);
  outcome found;
  for (std::size_t at = 0; at < bytes.size() && !found.complete && !found.refused; at += piece) {
    std::string room(bytes.substr(at, piece));
    const std::size_t size = room.size();
    room.append(http::sse_parser::readable_padding, '"');
    parser.feed(std::string_view(room).substr(0, size));
    while (const auto event = parser.next()) {
      const auto done = stream.feed(event->data, out);
      found.refused = !done;
      found.complete = done && *done;
      if (found.refused || found.complete) break;
    }
  }
  if (!found.complete && !found.refused) found.complete = stream.end(out).has_value();
  for (std::uint64_t at = 0; at < log->published(); ++at) {
    const std::string delta = log->copy(log->begin_of(at), log->at(at).end);
    check_delta(log->at(at).kind(), delta);
    found.deltas.append(1, static_cast<char>(log->at(at).kind())).append(delta).push_back('\n');
  }
  return found;
}

/// The first byte says how the others are cut.
template <class Reader>
void check_stream(const std::uint8_t* data, std::size_t size) {
  static async::worker_pool workers(1);
  if (size == 0) return;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(read<Reader>(workers, bytes, bytes.size() + 1) == read<Reader>(workers, bytes, 1 + data[0] % 61),
          "pieces and whole agree");
}

}  // namespace sluice::fuzz
