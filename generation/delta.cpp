#include "generation/delta.hpp"

#include <array>
#include <cassert>
#include <cstring>

#include <boost/json.hpp>

namespace sluice::generation {
namespace {

// Little-endian in memory on every machine that this builds on; the log may travel between such machines.
template <class T>
void put(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

template <class T>
T take(std::string_view& bytes) {
  assert(bytes.size() >= sizeof(T));
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return value;
}

// What an encoded tool call has beside its strings.
constexpr std::uint8_t custom_flag = 1;
constexpr std::uint8_t extensions_flag = 2;

}  // namespace

std::string_view to_string(usage_source source) {
  switch (source) {
    case usage_source::provider:
      return "provider";
    case usage_source::counted:
      return "counted";
    case usage_source::estimated:
      return "estimated";
  }
  return "estimated";
}

std::string_view to_string(status value) {
  switch (value) {
    case status::completed:
      return "completed";
    case status::incomplete:
      return "incomplete";
    case status::cancelled:
      return "cancelled";
    case status::failed:
      return "failed";
  }
  return "failed";
}

std::string_view to_string(finish_reason reason) {
  switch (reason) {
    case finish_reason::stop:
      return "stop";
    case finish_reason::stop_sequence:
      return "stop_sequence";
    case finish_reason::length:
      return "length";
    case finish_reason::context_length:
      return "context_length";
    case finish_reason::tool_calls:
      return "tool_calls";
    case finish_reason::content_filter:
      return "content_filter";
    case finish_reason::refusal:
      return "refusal";
    case finish_reason::pause:
      return "pause";
    case finish_reason::cancelled:
      return "cancelled";
    case finish_reason::error:
      return "error";
  }
  return "error";
}

finish_reason finish::reason() const {
  if (status == status::failed) return finish_reason::error;
  if (status == status::cancelled) return finish_reason::cancelled;
  return choices.empty() ? finish_reason::stop : choices.front().reason;
}

void encode_tool_call(std::string& out, const tool_call_fragment& fragment) {
  const auto id_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(fragment.id.size(), 0xFFFF));
  const auto name_bytes = static_cast<std::uint16_t>(std::min<std::size_t>(fragment.name.size(), 0xFFFF));
  put(out, fragment.index);
  put(out, static_cast<std::uint8_t>((fragment.is_custom ? custom_flag : 0) |
                                     (fragment.extensions.empty() ? 0 : extensions_flag)));
  put(out, id_bytes);
  put(out, name_bytes);
  if (!fragment.extensions.empty()) {
    put(out, static_cast<std::uint32_t>(fragment.extensions.size()));
    out.append(fragment.extensions);
  }
  out.append(fragment.id.substr(0, id_bytes)).append(fragment.name.substr(0, name_bytes)).append(fragment.arguments);
}

tool_call_fragment decode_tool_call(std::string_view bytes) {
  tool_call_fragment fragment;
  fragment.index = take<std::uint32_t>(bytes);
  const auto flags = take<std::uint8_t>(bytes);
  fragment.is_custom = (flags & custom_flag) != 0;
  const auto id_bytes = take<std::uint16_t>(bytes);
  const auto name_bytes = take<std::uint16_t>(bytes);
  if ((flags & extensions_flag) != 0) {
    const auto extensions_bytes = take<std::uint32_t>(bytes);
    fragment.extensions = bytes.substr(0, extensions_bytes);
    bytes.remove_prefix(fragment.extensions.size());
  }
  fragment.id = bytes.substr(0, id_bytes);
  fragment.name = bytes.substr(id_bytes, name_bytes);
  fragment.arguments = bytes.substr(std::size_t{id_bytes} + name_bytes);
  return fragment;
}

std::string encode_rewind(const rewind& value) {
  boost::json::array tool_calls(value.keep_tool_calls.begin(), value.keep_tool_calls.end());
  return boost::json::serialize(boost::json::object{{"text", value.keep_text},
                                                    {"reasoning", value.keep_reasoning},
                                                    {"tool_calls", std::move(tool_calls)},
                                                    {"reason", value.reason}});
}

rewind decode_rewind(std::string_view bytes) {
  const boost::json::value json = boost::json::parse(bytes);
  rewind value;
  value.keep_text = json.at("text").to_number<std::uint64_t>();
  value.keep_reasoning = json.at("reasoning").to_number<std::uint64_t>();
  for (const boost::json::value& kept : json.at("tool_calls").as_array())
    value.keep_tool_calls.push_back(kept.to_number<std::uint64_t>());
  value.reason = json.at("reason").as_string();
  return value;
}

std::string encode_usage(const usage& value) {
  std::string out;
  for (const std::int64_t count :
       {value.input_tokens, value.cached_tokens, value.cache_write_tokens, value.input_audio_tokens,
        value.output_tokens, value.reasoning_tokens, value.output_audio_tokens, value.accepted_prediction_tokens,
        value.rejected_prediction_tokens}) {
    put(out, count);
  }
  put(out, value.source);
  return out;
}

usage decode_usage(std::string_view bytes) {
  usage value;
  for (std::int64_t* count :
       {&value.input_tokens, &value.cached_tokens, &value.cache_write_tokens, &value.input_audio_tokens,
        &value.output_tokens, &value.reasoning_tokens, &value.output_audio_tokens, &value.accepted_prediction_tokens,
        &value.rejected_prediction_tokens}) {
    *count = take<std::int64_t>(bytes);
  }
  value.source = take<usage_source>(bytes);
  return value;
}

}  // namespace sluice::generation
