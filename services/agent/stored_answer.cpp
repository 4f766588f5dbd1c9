#include "agent/stored_answer.hpp"

#include <limits>

#include <boost/json/serialize.hpp>

#include "generation/answer.hpp"

namespace sluice::agent {
namespace {

using generation::delta_kind;

struct part_appender {
  generation::log& to;
  std::uint32_t& tool_calls;
  const boost::json::object& extensions;

  void operator()(const generation::text_part& part) const { to.append(delta_kind::text, part.text); }
  void operator()(const generation::reasoning_part& part) const {
    to.append(part.is_summary ? delta_kind::reasoning_summary : delta_kind::reasoning, part.text);
  }
  void operator()(const generation::refusal_part& part) const { to.append(delta_kind::refusal, part.text); }
  void operator()(const generation::tool_call_part& part) const {
    std::string bytes;
    const std::string vendor_fields = extensions.empty() ? std::string() : boost::json::serialize(extensions);
    generation::encode_tool_call(bytes, {.index = tool_calls++,
                                         .id = part.id,
                                         .name = part.name,
                                         .arguments = part.arguments,
                                         .is_custom = part.is_custom,
                                         .extensions = vendor_fields});
    to.append(delta_kind::tool_call, bytes);
  }
  // What a model does not write as deltas of its own.
  void operator()(const generation::image_part&) const {}
  void operator()(const generation::audio_part&) const {}
  void operator()(const generation::file_part&) const {}
  void operator()(const generation::tool_result_part&) const {}
  void operator()(const generation::vendor_part&) const {}
};

}  // namespace

generation::message read_answer(const generation::log& from) {
  generation::answer written = std::move(generation::collect(from).front());
  generation::message answer{.role = generation::role::assistant};
  if (!written.reasoning.empty()) answer.parts.push_back({generation::reasoning_part{.text = written.reasoning}});
  if (!written.reasoning_summary.empty())
    answer.parts.push_back({generation::reasoning_part{.text = written.reasoning_summary, .is_summary = true}});
  if (!written.text.empty()) answer.parts.push_back({generation::text_part{std::move(written.text)}});
  if (!written.refusal.empty()) answer.parts.push_back({generation::refusal_part{std::move(written.refusal)}});
  for (generation::tool_call& call : written.tool_calls) {
    answer.parts.push_back({.what = generation::tool_call_part{.id = std::move(call.id),
                                                               .name = std::move(call.name),
                                                               .arguments = std::move(call.arguments),
                                                               .is_custom = call.is_custom},
                            .extensions = std::move(call.extensions)});
  }
  return answer;
}

std::string text_of(const generation::message& answer) {
  std::string text;
  for (const generation::content_part& part : answer.parts) {
    if (const auto* words = std::get_if<generation::text_part>(&part.what)) text += words->text;
    if (const auto* refusal = std::get_if<generation::refusal_part>(&part.what)) text += refusal->text;
  }
  return text;
}

std::string reasoning_of(const generation::message& answer) {
  std::string text;
  for (const generation::content_part& part : answer.parts) {
    if (const auto* thought = std::get_if<generation::reasoning_part>(&part.what)) text += thought->text;
  }
  return text;
}

std::shared_ptr<generation::log> make_log(async::worker_pool& workers, const std::string& id,
                                          const generation::message& answer, generation::finish how,
                                          std::uint64_t last_number) {
  // It was bounded when it was written.
  auto made = std::make_shared<generation::log>(workers, id, std::numeric_limits<std::uint64_t>::max());
  made->skip_to(last_number + 1);
  made->append(delta_kind::rewind, generation::encode_rewind({.reason = "the answer is read from the record"}));
  std::uint32_t tool_calls = 0;
  for (const generation::content_part& part : answer.parts)
    std::visit(part_appender{*made, tool_calls, part.extensions}, part.what);
  made->end(std::move(how));
  return made;
}

}  // namespace sluice::agent
