#include "gateway/faces/gemini_reply.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/json_text.hpp"
#include "gateway/faces/gemini_errors.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::gateway::gemini {
namespace {

namespace json = boost::json;
using generation::delta_kind;

constexpr std::string_view begin_of_event = "data: ";

void begin_candidate(std::string& out) {
  out += R"({"content":{"parts":[)";
}

// What follows the parts.
void append_candidate_end(std::string& out, std::uint8_t choice) {
  out += R"(],"role":"model"},"index":)";
  append_number(out, choice);
}

// Of a prompt that a Gemini provider has blocked.
json::value prompt_feedback_of(const generation::finish& how) {
  const json::object told = generation::parse_vendor_fields(how.extensions);
  const json::value* const feedback = told.if_contains("promptFeedback");
  const bool blocks = feedback != nullptr && feedback->is_object() && feedback->get_object().contains("blockReason");
  return blocks ? *feedback : json::value();
}

generation::choice_finish finish_of(const generation::finish& how, std::uint8_t choice) {
  for (const generation::choice_finish& one : how.choices) {
    if (one.choice == choice) return one;
  }
  return {.choice = choice};
}

}  // namespace

content_reply::content_reply(std::string_view generation_id, std::string_view model, framing how) : how_(how) {
  tail_ = R"("modelVersion":)";
  append_json_string(tail_, model);
  append_json_string(tail_.append(R"(,"responseId":)"), generation_id);
  tail_ += '}';
}

std::string_view content_reply::content_type() const {
  return how_ == framing::events ? answer_writer::content_type() : "application/json; charset=utf-8";
}

void content_reply::begin_response(std::string& out) {
  if (how_ == framing::events) {
    out += begin_of_event;
  } else {
    out += opened_ ? ",\r\n" : "[";
  }
  opened_ = true;
}

void content_reply::end_response(std::string& out) {
  if (how_ == framing::events) out += "\n\n";
}

void content_reply::append_parts(std::string& out, std::uint8_t choice, const std::vector<std::string>& parts) {
  if (parts.empty()) return;
  begin_response(out);
  out += R"({"candidates":[)";
  begin_candidate(out);
  for (std::size_t at = 0; at < parts.size(); ++at)
    out.append(at == 0 ? "" : ",").append(parts[at]);
  append_candidate_end(out, choice);
  out += "}],";
  out += tail_;
  end_response(out);
}

void content_reply::append_delta(std::string& out, const generation::log& source, const generation::run& found) {
  candidate_parts& beside = candidates_[found.choice];
  if (!generation::is_plain_text(found.kind)) {
    beside.take(found.kind, source.copy(found.begin, found.end));
    return append_parts(out, found.choice, beside.take_ready(false));
  }
  beside.take(found.kind, {});
  append_parts(out, found.choice, beside.take_ready(false));
  begin_response(out);
  out += R"({"candidates":[)";
  begin_candidate(out);
  begin_text_part(out, is_thought(found.kind));
  source.for_each_piece(found.begin, found.end, [&](std::string_view piece) { append_json_escaped(out, piece); });
  end_text_part(out);
  append_candidate_end(out, found.choice);
  out += "}],";
  out += tail_;
  end_response(out);
}

void content_reply::append_sign_of_life(std::string& out) {
  append_parts(out, 0, {R"({"text":""})"});
}

void content_reply::append_end(std::string& out, const generation::finish& how, std::uint64_t /*seq*/) {
  const json::value feedback = prompt_feedback_of(how);
  candidates_.try_emplace(std::uint8_t{0});
  for (auto& [choice, beside] : candidates_) {
    const std::vector<std::string> parts = beside.take_ready(true);
    begin_response(out);
    out += '{';
    if (feedback.is_object()) {
      out.append(R"("promptFeedback":)").append(json::serialize(feedback)).push_back(',');
    } else {
      out += R"("candidates":[)";
      begin_candidate(out);
      // The SDKs count a content without parts as a failed turn.
      if (parts.empty()) out += R"({"text":""})";
      for (std::size_t at = 0; at < parts.size(); ++at)
        out.append(at == 0 ? "" : ",").append(parts[at]);
      append_candidate_end(out, choice);
      out += fmt::format(R"(,"finishReason":"{}")", finish_reason_of(finish_of(how, choice)));
      generation::append_vendor_fields(out, beside.take_metadata());
      out += "}],";
    }
    // Counts are of the whole answer, so they stand on its last response.
    if (choice == candidates_.rbegin()->first)
      out.append(R"("usageMetadata":)").append(json::serialize(usage_of(how.usage))).push_back(',');
    out += tail_;
    end_response(out);
  }
  if (how_ == framing::list) out += "]";
}

void content_reply::append_failure(std::string& out, const error& problem, std::uint64_t /*seq*/) {
  begin_response(out);
  out += error_body(problem);
  end_response(out);
  if (how_ == framing::list) out += "]";
}

std::string content_reply::whole(const generation::log& source) {
  std::map<std::uint8_t, std::string> parts;  // by candidate, as JSON
  struct open_text {
    bool is_open = false;
    bool is_thought = false;
  };
  std::map<std::uint8_t, open_text> texts;
  const auto begin_part = [](std::string& to) {
    if (!to.empty()) to += ',';
  };
  const auto close = [&](std::uint8_t choice) {
    if (std::exchange(texts[choice].is_open, false)) end_text_part(parts[choice]);
  };
  const auto add_ready = [&](std::uint8_t choice, bool all) {
    for (const std::string& part : candidates_[choice].take_ready(all)) {
      close(choice);
      begin_part(parts[choice]);
      parts[choice] += part;
    }
  };
  for (std::uint64_t at = 0; at < source.published(); ++at) {
    const generation::log::entry& delta = source.at(at);
    if (delta.kind() == delta_kind::finish) break;
    const std::uint64_t begin = source.begin_of(at);
    const bool is_text = generation::is_plain_text(delta.kind());
    const auto choice = static_cast<std::uint8_t>(delta.choice);
    candidates_[choice].take(delta.kind(), is_text ? std::string() : source.copy(begin, delta.end));
    add_ready(choice, false);
    if (!is_text) continue;
    open_text& text = texts[choice];
    if (text.is_open && text.is_thought != is_thought(delta.kind())) close(choice);
    if (!text.is_open) {
      text = {.is_open = true, .is_thought = is_thought(delta.kind())};
      begin_part(parts[choice]);
      begin_text_part(parts[choice], text.is_thought);
    }
    source.for_each_piece(begin, delta.end, [&](std::string_view piece) { append_json_escaped(parts[choice], piece); });
  }
  const generation::finish& how = source.ending();
  const json::value feedback = prompt_feedback_of(how);
  candidates_.try_emplace(std::uint8_t{0});
  std::string out = "{";
  if (feedback.is_object()) {
    out.append(R"("promptFeedback":)").append(json::serialize(feedback));
  } else {
    out += R"("candidates":[)";
    for (auto& [choice, beside] : candidates_) {
      add_ready(choice, true);
      close(choice);
      if (out.back() != '[') out += ',';
      begin_candidate(out);
      out += parts[choice];
      append_candidate_end(out, choice);
      out += fmt::format(R"(,"finishReason":"{}")", finish_reason_of(finish_of(how, choice)));
      generation::append_vendor_fields(out, beside.take_metadata());
      out += '}';
    }
    out += ']';
  }
  out.append(R"(,"usageMetadata":)").append(json::serialize(usage_of(how.usage))).push_back(',');
  out += tail_;
  return out;
}

}  // namespace sluice::gateway::gemini
