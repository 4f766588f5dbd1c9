#include "agent/stored_answer.hpp"

#include <limits>

#include <boost/json.hpp>

#include "generation/answer.hpp"
#include "generation/content_json.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::agent {
namespace {

using generation::delta_kind;
namespace json = boost::json;

struct part_appender {
  generation::log& to;
  std::uint32_t& tool_calls;
  const generation::content_part& whole;

  void operator()(const generation::text_part& part) const {
    to.append(delta_kind::text, part.text);
    for (const boost::json::value& citation : whole.citations)
      to.append(delta_kind::citation, boost::json::serialize(citation));
  }
  void operator()(const generation::reasoning_part& part) const {
    if (!part.redacted.empty()) return append_whole();
    if (!part.text.empty())
      to.append(part.is_summary ? delta_kind::reasoning_summary : delta_kind::reasoning, part.text);
    if (!part.signature.empty()) to.append(delta_kind::signature, part.signature);
  }
  void operator()(const generation::refusal_part& part) const { to.append(delta_kind::refusal, part.text); }
  void operator()(const generation::tool_call_part& part) const {
    std::string bytes;
    const std::string vendor_fields =
        whole.extensions.empty() ? std::string() : boost::json::serialize(whole.extensions);
    generation::encode_tool_call(bytes, {.index = tool_calls++,
                                         .id = part.id,
                                         .name = part.name,
                                         .arguments = part.arguments,
                                         .is_custom = part.is_custom,
                                         .extensions = vendor_fields});
    to.append(delta_kind::tool_call, bytes);
    if (!part.signature.empty()) to.append(delta_kind::signature, part.signature);
  }
  void operator()(const generation::vendor_part&) const { append_whole(); }
  void append_whole() const {
    to.append(delta_kind::part, boost::json::serialize(generation::to_json(std::vector{whole}).front()));
  }
  // What a model does not write as deltas of its own.
  void operator()(const generation::image_part&) const {}
  void operator()(const generation::audio_part&) const {}
  void operator()(const generation::file_part&) const {}
  void operator()(const generation::tool_result_part&) const {}
};

// The parts of an answer in the order in which they began. Text and thinking of one kind are one part each until
// something comes between that has a place: a signature, a call, a part that came whole.
class part_list {
 public:
  void add(delta_kind kind, std::string_view bytes) {
    switch (kind) {
      case delta_kind::text:
        std::get<generation::text_part>(part_of(text_, generation::text_part{}).what).text += bytes;
        return;
      case delta_kind::reasoning:
        std::get<generation::reasoning_part>(part_of(thought_, generation::reasoning_part{}).what).text += bytes;
        return;
      case delta_kind::reasoning_summary:
        std::get<generation::reasoning_part>(part_of(summary_, generation::reasoning_part{.is_summary = true}).what)
            .text += bytes;
        return;
      case delta_kind::refusal:
        std::get<generation::refusal_part>(part_of(refusal_, generation::refusal_part{}).what).text += bytes;
        return;
      case delta_kind::citation:
        if (json::value citation = parse(bytes); !citation.is_null())
          part_of(text_, generation::text_part{}).citations.push_back(std::move(citation));
        return;
      case delta_kind::signature:
        return sign(bytes);
      case delta_kind::part:
        return add_whole(bytes);
      case delta_kind::tool_call:
        return add_call(bytes);
      case delta_kind::extension:
      case delta_kind::usage:
      case delta_kind::rewind:
      case delta_kind::finish:
        return;
    }
  }
  std::vector<generation::content_part> take() { return std::move(parts_); }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  // Calls beyond this index are a provider's nonsense.
  static constexpr std::uint32_t calls_max = 1024;

  static json::value parse(std::string_view text) {
    boost::system::error_code bad;
    json::value value = json::parse(text, bad);
    return bad ? json::value() : value;
  }
  template <class Part>
  generation::content_part& part_of(std::size_t& place, Part part) {
    if (place == none) {
      place = parts_.size();
      parts_.push_back({std::move(part)});
    }
    return parts_[place];
  }
  void begin_anew() { text_ = thought_ = summary_ = refusal_ = none; }
  // It belongs to what stands last: thinking, or a call.
  void sign(std::string_view bytes) {
    if (parts_.empty()) return;
    if (auto* const thought = std::get_if<generation::reasoning_part>(&parts_.back().what)) {
      thought->signature += bytes;
    } else if (auto* const call = std::get_if<generation::tool_call_part>(&parts_.back().what)) {
      call->signature += bytes;
    }
    begin_anew();
  }
  void add_whole(std::string_view bytes) {
    auto read = generation::parse_parts(json::array{parse(bytes)});
    if (!read) return;
    begin_anew();
    for (generation::content_part& part : *read)
      parts_.push_back(std::move(part));
  }
  void add_call(std::string_view bytes) {
    const generation::tool_call_fragment fragment = generation::decode_tool_call(bytes);
    if (fragment.index >= calls_max) return;
    if (calls_.size() <= fragment.index) calls_.resize(fragment.index + 1, none);
    begin_anew();
    generation::content_part& part = part_of(calls_[fragment.index], generation::tool_call_part{});
    auto& call = std::get<generation::tool_call_part>(part.what);
    if (!fragment.id.empty()) call.id = fragment.id;
    if (!fragment.name.empty()) call.name = fragment.name;
    call.arguments += fragment.arguments;
    call.is_custom = fragment.is_custom;
    if (!fragment.extensions.empty())
      generation::join_vendor_fields(part.extensions, generation::parse_vendor_fields(fragment.extensions));
  }

  std::vector<generation::content_part> parts_;
  std::vector<std::size_t> calls_;  // their places, by the provider's index
  std::size_t text_ = none;         // of the part that more of its kind goes into
  std::size_t thought_ = none;
  std::size_t summary_ = none;
  std::size_t refusal_ = none;
};

// An answer that went back and on from an earlier place: what is left of it, by kind.
generation::message read_rewound(const generation::log& from) {
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

}  // namespace

generation::message read_answer(const generation::log& from) {
  part_list parts;
  for (std::uint64_t position = 0; position < from.published(); ++position) {
    const generation::log::entry& delta = from.at(position);
    if (delta.choice != 0) continue;
    if (delta.kind() == delta_kind::rewind) return read_rewound(from);
    parts.add(delta.kind(), from.copy(from.begin_of(position), delta.end));
  }
  return {.role = generation::role::assistant, .parts = parts.take()};
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
    std::visit(part_appender{*made, tool_calls, part}, part.what);
  made->end(std::move(how));
  return made;
}

}  // namespace sluice::agent
