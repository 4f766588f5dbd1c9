// Any bytes as a stream of OpenAI: read in pieces they say the same as read at once, and what reaches the log is sound.
#include "agent/providers/openai_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/parse.hpp>

#include "agent/providers/provider_json.hpp"
#include "base/utf8.hpp"
#include "generation/log.hpp"
#include "http/sse_parser.hpp"
#include "require.hpp"

namespace {

using sluice::fuzz::require;

// One reading of the bytes in pieces of at most `piece`, and what came of it.
struct outcome {
  std::string deltas;
  bool complete = false;
  bool refused = false;
  bool operator==(const outcome&) const = default;
};

void check(sluice::generation::delta_kind kind, std::string_view bytes) {
  using sluice::generation::delta_kind;
  if (is_plain_text(kind)) {
    require(!bytes.empty() && sluice::is_valid_utf8(bytes), "text is UTF-8 and not empty");
  } else if (kind == delta_kind::tool_call) {
    require(sluice::is_valid_utf8(sluice::generation::decode_tool_call(bytes).arguments), "arguments are UTF-8");
  } else {
    require(kind == delta_kind::extension, "there is no other kind");
    require(bytes.find('\n') == std::string_view::npos, "extensions fit in one line");
    // What simdjson took may go deeper than Boost.JSON likes.
    boost::system::error_code code;
    boost::json::parse(bytes, code, {}, {.max_depth = 2000});
    require(!code, "extensions are JSON");
  }
}

outcome read(sluice::async::worker_pool& workers, std::string_view bytes, std::size_t piece) {
  const auto log = std::make_shared<sluice::generation::log>(workers, "gen_1", 1 << 20);
  sluice::agent::provider_output out(*log);
  sluice::agent::json_scratch scratch;
  sluice::agent::openai_stream stream(scratch, "fuzz");
  sluice::http::sse_parser parser(1 << 16);
  outcome found;
  for (std::size_t at = 0; at < bytes.size() && !found.complete && !found.refused; at += piece) {
    std::string room(bytes.substr(at, piece));
    const std::size_t size = room.size();
    room.append(sluice::http::sse_parser::readable_padding, '"');
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
    check(log->at(at).kind(), delta);
    found.deltas.append(1, static_cast<char>(log->at(at).kind())).append(delta).push_back('\n');
  }
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static sluice::async::worker_pool workers(1);
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  require(read(workers, bytes, bytes.size() + 1) == read(workers, bytes, 1 + data[0] % 61), "pieces and whole agree");
  return 0;
}
