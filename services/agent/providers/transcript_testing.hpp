// For tests of translators: recorded streams, and what became of them.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "agent/provider.hpp"
#include "agent/providers/provider_json.hpp"
#include "generation/log.hpp"
#include "http/sse_parser.hpp"

namespace sluice::agent::testing {

using generation::delta_kind;

struct transcript {
  std::string name;
  std::string stream;    ///< as a server sent it: shortened, but with the shapes, orders and odd fields of that server
  std::string expected;  ///< as `translation::describe` writes it
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::vector<transcript> transcripts_of(std::string_view dialect) {
  std::vector<transcript> all;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(SLUICE_TRANSCRIPTS) / dialect)) {
    std::filesystem::path path = entry.path();
    if (path.extension() != ".sse") continue;
    all.push_back(
        {.name = path.stem(), .stream = read_file(path), .expected = read_file(path.replace_extension(".deltas"))});
  }
  return all;
}

// A translator with what it writes to.
template <class Reader>
struct translation_with {
  explicit translation_with(std::uint64_t log_bytes_max = 1 << 20)
      : log(std::make_shared<generation::log>(workers, "gen_1", log_bytes_max)), out(*log) {}

  result<bool> feed(std::string_view data) { return stream.feed(padded(data), out); }
  result<void> whole(std::string_view json) { return stream.translate_whole(padded(json), out); }
  std::string_view padded(std::string_view text) {
    room.assign(text).append(http::sse_parser::readable_padding, '\0');
    return std::string_view(room).substr(0, text.size());
  }
  std::string describe() const;

  async::worker_pool workers{1};
  std::shared_ptr<generation::log> log;
  provider_output out;
  json_scratch scratch;
  Reader stream{scratch, "test"};
  std::string room;
};

inline void describe_number(std::string& text, std::string_view name, std::int64_t count) {
  if (count != 0) text += fmt::format(" {} {}", name, count);
}

inline std::string describe_delta(delta_kind kind, std::string_view bytes) {
  switch (kind) {
    case delta_kind::text:
      return fmt::format("text {}", bytes);
    case delta_kind::reasoning:
      return fmt::format("reasoning {}", bytes);
    case delta_kind::refusal:
      return fmt::format("refusal {}", bytes);
    case delta_kind::extension:
      return fmt::format("extension {}", bytes);
    case delta_kind::tool_call: {
      const generation::tool_call_fragment call = generation::decode_tool_call(bytes);
      std::string text = fmt::format("{} {}", call.is_custom ? "custom" : "tool", call.index);
      if (!call.id.empty()) text.append(" id ").append(call.id);
      if (!call.name.empty()) text.append(" name ").append(call.name);
      if (!call.arguments.empty()) text.append(" ").append(call.arguments);
      if (!call.extensions.empty()) text.append(" with ").append(call.extensions);
      return text;
    }
    case delta_kind::signature:
      return fmt::format("signature {}", bytes);
    case delta_kind::citation:
      return fmt::format("citation {}", bytes);
    case delta_kind::part:
      return fmt::format("part {}", bytes);
    default:
      return "unexpected";
  }
}

template <class Reader>
std::string translation_with<Reader>::describe() const {
  std::string text;
  for (std::uint64_t at = 0; at < log->published(); ++at) {
    const auto& entry = log->at(at);
    text += fmt::format("{} {}\n", int{entry.choice},
                        describe_delta(entry.kind(), log->copy(log->begin_of(at), entry.end)));
  }
  const generation::finish ending = out.conclude(generation::status::completed, 0);
  for (const auto& choice : ending.choices) {
    text += fmt::format("{} finish {} ({}){}{}\n", choice.choice, to_string(choice.reason), choice.provider_reason,
                        choice.stop_sequence.empty() ? "" : " ", choice.stop_sequence);
  }
  if (const auto& used = ending.usage; used.source == generation::usage_source::provider) {
    text += fmt::format("usage in {}", used.input_tokens);
    describe_number(text, "cached", used.cached_tokens);
    describe_number(text, "written", used.cache_write_tokens);
    text += fmt::format(" out {}", used.output_tokens);
    describe_number(text, "reasoning", used.reasoning_tokens);
    describe_number(text, "audio", used.output_audio_tokens);
    describe_number(text, "accepted", used.accepted_prediction_tokens);
    describe_number(text, "rejected", used.rejected_prediction_tokens);
    text += '\n';
  }
  if (!ending.response_id.empty()) text += fmt::format("id {} model {}\n", ending.response_id, ending.provider_model);
  if (!ending.extensions.empty()) text += fmt::format("extensions {}\n", ending.extensions);
  return text;
}

// Whether the stream said that it is complete.
template <class Reader>
bool replay(translation_with<Reader>& to, std::string_view bytes, http::sse_parser& parser, std::string& room) {
  room.assign(bytes).append(http::sse_parser::readable_padding, '#');
  parser.feed(std::string_view(room).substr(0, bytes.size()));
  while (const auto event = parser.next()) {
    const result<bool> done = to.stream.feed(event->data, to.out);
    EXPECT_TRUE(done) << done.error().message << ": " << done.error().detail;
    if (!done || *done) return true;
  }
  return false;
}

/// Every transcript of the dialect in one piece, cut in two at every place, and byte by byte. Where there is no end
/// marker, the end of the body is the end.
template <class Reader>
void replay_transcripts(std::string_view dialect, std::size_t at_least, bool has_marker = true) {
  const auto is_complete = [has_marker](translation_with<Reader>& subject, bool done) {
    return has_marker ? done : !done && subject.stream.end(subject.out).has_value();
  };
  const auto all = transcripts_of(dialect);
  ASSERT_GE(all.size(), at_least);
  for (const transcript& one : all) {
    const std::string_view bytes = one.stream;
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      translation_with<Reader> subject;
      http::sse_parser parser(1 << 20);
      std::string room;
      bool done = replay(subject, bytes.substr(0, cut), parser, room);
      if (!done) done = replay(subject, bytes.substr(cut), parser, room);
      ASSERT_TRUE(is_complete(subject, done)) << one.name << cut;
      ASSERT_EQ(subject.describe(), one.expected) << one.name << " cut at " << cut;
    }
    translation_with<Reader> subject;
    http::sse_parser parser(1 << 20);
    std::string room;
    bool done = false;
    for (std::size_t at = 0; at < bytes.size() && !done; ++at)
      done = replay(subject, bytes.substr(at, 1), parser, room);
    EXPECT_TRUE(is_complete(subject, done)) << one.name;
    EXPECT_EQ(subject.describe(), one.expected) << one.name;
  }
}

}  // namespace sluice::agent::testing
