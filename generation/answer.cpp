#include "generation/answer.hpp"

#include "base/utf8.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::generation {
namespace {

// Tool calls beyond this index are a provider's nonsense.
constexpr std::uint32_t tool_calls_max = 1024;

void keep_code_points(std::string& text, std::uint64_t count) {
  std::size_t at = 0;
  while (at < text.size()) {
    const bool starts_character = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (starts_character && count-- == 0) break;
    ++at;
  }
  text.resize(at);
}

void apply_tool_call(answer& to, std::string_view bytes) {
  const tool_call_fragment fragment = decode_tool_call(bytes);
  if (fragment.index >= tool_calls_max) return;
  if (to.tool_calls.size() <= fragment.index) to.tool_calls.resize(fragment.index + 1);
  tool_call& call = to.tool_calls[fragment.index];
  if (!fragment.id.empty()) call.id = fragment.id;
  if (!fragment.name.empty()) call.name = fragment.name;
  call.arguments += fragment.arguments;
  call.is_custom = fragment.is_custom;
  if (!fragment.extensions.empty()) join_vendor_fields(call.extensions, parse_vendor_fields(fragment.extensions));
}

void apply_rewind(answer& to, const rewind& back) {
  keep_code_points(to.text, back.keep_text);
  keep_code_points(to.reasoning, back.keep_reasoning);
  if (to.tool_calls.size() > back.keep_tool_calls.size()) to.tool_calls.resize(back.keep_tool_calls.size());
  for (std::size_t i = 0; i < to.tool_calls.size(); ++i)
    keep_code_points(to.tool_calls[i].arguments, back.keep_tool_calls[i]);
}

}  // namespace

std::vector<answer> collect(const log& source) {
  std::vector<answer> choices(1);
  const std::uint64_t count = source.published();
  for (std::uint64_t position = 0; position < count; ++position) {
    const log::entry& delta = source.at(position);
    if (choices.size() <= delta.choice) choices.resize(std::size_t{delta.choice} + 1);
    answer& to = choices[delta.choice];
    const auto append_to = [&](std::string& text) {
      source.for_each_piece(source.begin_of(position), delta.end, [&](std::string_view piece) { text.append(piece); });
    };
    const auto bytes = [&] { return source.copy(source.begin_of(position), delta.end); };
    switch (delta.kind()) {
      case delta_kind::text:
        append_to(to.text);
        break;
      case delta_kind::reasoning:
        append_to(to.reasoning);
        break;
      case delta_kind::reasoning_summary:
        append_to(to.reasoning_summary);
        break;
      case delta_kind::refusal:
        append_to(to.refusal);
        break;
      case delta_kind::tool_call:
        apply_tool_call(to, bytes());
        break;
      case delta_kind::extension:
        to.extensions.push_back(bytes());
        break;
      case delta_kind::rewind:
        apply_rewind(to, decode_rewind(bytes()));
        break;
      case delta_kind::signature:
      case delta_kind::citation:
      case delta_kind::part:
      case delta_kind::usage:
      case delta_kind::finish:
        break;
    }
  }
  return choices;
}

}  // namespace sluice::generation
