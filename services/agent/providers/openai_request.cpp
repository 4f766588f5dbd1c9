#include "agent/providers/openai_request.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "agent/providers/openai_messages.hpp"
#include "base/json_text.hpp"
#include "generation/vendor_fields.hpp"

namespace sluice::agent {
namespace {

namespace json = boost::json;
using generation::request;

// The top level of the body. Remembers its names, so that an extension never says something twice.
class body_writer {
 public:
  body_writer(std::string& out) : out_(out) { out_.push_back('{'); }

  /// Appends `"name":`; the caller appends the value.
  std::string& name(std::string_view name) {
    if (!names_.empty()) out_.push_back(',');
    names_.push_back(name);
    append_json_string(out_, name);
    out_.push_back(':');
    return out_;
  }
  void text(std::string_view name_, std::string_view value) {
    if (!value.empty()) append_json_string(name(name_), value);
  }
  void value(std::string_view name_, const json::value& value) { name(name_).append(json::serialize(value)); }
  template <class Number>
  void number(std::string_view name_, const std::optional<Number>& value) {
    if (!value) return;
    if constexpr (std::is_floating_point_v<Number>) {
      if (!std::isfinite(*value)) return;  // JSON has no such number
    }
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof(digits), *value).ptr;
    name(name_).append(digits, static_cast<std::size_t>(end - digits));
  }
  void flag(std::string_view name_, const std::optional<bool>& value) {
    if (value) name(name_).append(*value ? "true" : "false");
  }
  bool has(std::string_view name_) const { return std::ranges::find(names_, name_) != names_.end(); }
  void end() { out_.push_back('}'); }

 private:
  std::string& out_;
  std::vector<std::string_view> names_;
};

std::string_view limit_name(const request& asked, openai_server server) {
  if (asked.dialect == openai_dialect) {
    for (const std::string_view used : {"max_completion_tokens", "max_tokens"}) {
      const json::value* const value = asked.extensions.if_contains(used);
      if (value != nullptr && !value->is_null()) return used;
    }
  }
  return server == openai_server::openai ? "max_completion_tokens" : "max_tokens";
}

void write_sampling(body_writer& body, const request& asked, openai_server server) {
  body.number("temperature", asked.temperature);
  body.number("top_p", asked.top_p);
  body.number("top_k", asked.top_k);
  body.number("frequency_penalty", asked.frequency_penalty);
  body.number("presence_penalty", asked.presence_penalty);
  body.number(limit_name(asked, server), asked.max_output_tokens);
  body.number("seed", asked.seed);
  body.number("n", asked.choices);
  body.flag("logprobs", asked.logprobs);
  body.number("top_logprobs", asked.top_logprobs);
  body.text("reasoning_effort", asked.reasoning.effort);
  if (asked.stop.empty()) return;
  std::string& out = body.name("stop");
  for (const std::string& stop : asked.stop) {
    out.push_back(&stop == asked.stop.data() ? '[' : ',');
    append_json_string(out, stop);
  }
  out.push_back(']');
}

result<void> write_tools(body_writer& body, const request& asked) {
  if (asked.tools.empty()) return {};
  std::string& out = body.name("tools");
  for (std::size_t at = 0; at < asked.tools.size(); ++at) {
    const generation::tool& tool = asked.tools[at];
    out.push_back(at == 0 ? '[' : ',');
    if (!tool.vendor.is_null()) {
      if (tool.dialect != openai_dialect) {
        return failure(error_reason::invalid_argument,
                       "a built-in tool of another provider cannot be used with an OpenAI-compatible one; name a "
                       "model that has it, or describe it as a function",
                       fmt::format("tools[{}]", at));
      }
      out.append(json::serialize(tool.vendor));
      continue;
    }
    const bool has_extensions = !tool.extensions.empty() && has_openai_words(asked);
    append_json_string(out.append(R"({"type":"function","function":{"name":)"), tool.name);
    if (!tool.description.empty()) append_json_string(out.append(R"(,"description":)"), tool.description);
    if (!tool.parameters.is_null()) out.append(R"(,"parameters":)").append(json::serialize(tool.parameters));
    if (tool.strict) out.append(*tool.strict ? R"(,"strict":true)" : R"(,"strict":false)");
    if (has_extensions) generation::append_inner_vendor_fields(out, tool.extensions, "function");
    out.push_back('}');
    if (has_extensions) generation::append_vendor_fields(out, tool.extensions, {"type", "function"});
    out.push_back('}');
  }
  out.push_back(']');
  return {};
}

result<void> write_tool_choice(body_writer& body, const request& asked) {
  if (!asked.tool_choice) return {};
  switch (asked.tool_choice->mode) {
    case generation::tool_choice_mode::automatic:
      body.text("tool_choice", "auto");
      break;
    case generation::tool_choice_mode::none:
      body.text("tool_choice", "none");
      break;
    case generation::tool_choice_mode::required:
      body.text("tool_choice", "required");
      break;
    case generation::tool_choice_mode::named: {
      std::string& out = body.name("tool_choice");
      append_json_string(out.append(R"({"type":"function","function":{"name":)"), asked.tool_choice->name);
      out.append("}}");
      break;
    }
    case generation::tool_choice_mode::vendor:
      if (!has_openai_words(asked)) {
        return failure(error_reason::invalid_argument, "an OpenAI-compatible provider cannot be told this tool_choice",
                       "tool_choice");
      }
      body.value("tool_choice", asked.tool_choice->vendor);
  }
  return {};
}

result<void> write_response_format(body_writer& body, const request& asked) {
  if (!asked.response_format) return {};
  const generation::response_format& format = *asked.response_format;
  const json::object extensions = has_openai_words(asked) ? format.extensions : json::object();
  if (format.kind == generation::response_format_kind::vendor && !has_openai_words(asked)) {
    return failure(error_reason::invalid_argument, "an OpenAI-compatible provider cannot be told this response_format",
                   "response_format");
  }
  std::string& out = body.name("response_format");
  switch (format.kind) {
    case generation::response_format_kind::text:
      out.append(R"({"type":"text")");
      break;
    case generation::response_format_kind::json_object:
      out.append(R"({"type":"json_object")");
      break;
    case generation::response_format_kind::vendor:
      out.append(json::serialize(format.vendor));
      return {};
    case generation::response_format_kind::json_schema:
      append_json_string(out.append(R"({"type":"json_schema","json_schema":{"name":)"),
                         format.name.empty() ? "answer" : format.name);
      if (!format.description.empty()) append_json_string(out.append(R"(,"description":)"), format.description);
      if (!format.schema.is_null()) out.append(R"(,"schema":)").append(json::serialize(format.schema));
      if (format.strict) out.append(*format.strict ? R"(,"strict":true)" : R"(,"strict":false)");
      generation::append_inner_vendor_fields(out, extensions, "json_schema");
      out.push_back('}');
  }
  generation::append_vendor_fields(out, extensions, {"type", "json_schema"});
  out.push_back('}');
  return {};
}

void write_stream(body_writer& body, const request& asked) {
  body.flag("stream", asked.streamed);
  if (!asked.streamed) return;
  json::object options;
  if (asked.dialect == openai_dialect) {
    const json::value* theirs = asked.extensions.if_contains("stream_options");
    if (theirs != nullptr && theirs->is_object()) options = theirs->get_object();
  }
  options["include_usage"] = true;
  body.value("stream_options", options);
}

void write_extensions(body_writer& body, const request& asked) {
  if (asked.dialect != openai_dialect) return;
  for (const auto& [name, value] : asked.extensions) {
    // The two names of the limit were a hint, and options are for streams.
    if (name == "max_tokens" || name == "max_completion_tokens" || name == "stream_options" || body.has(name)) continue;
    body.value(name, value);
  }
}

}  // namespace

bool has_openai_words(const request& asked) {
  return asked.dialect == openai_dialect || asked.dialect == "sluice";
}

openai_server openai_server_at(std::string_view host) {
  return host == "api.openai.com" || host.ends_with(".api.openai.com") || host.ends_with(".openai.azure.com")
             ? openai_server::openai
             : openai_server::compatible;
}

result<std::string> make_openai_body(const request& asked, std::string_view model, openai_server server) {
  if (asked.top_k && server == openai_server::openai) {
    return failure(error_reason::invalid_argument, "OpenAI's models cannot be told top_k; leave it out", "top_k");
  }
  std::string out;
  body_writer body(out);
  append_json_string(body.name("model"), model);
  body.name("messages");
  if (result<void> fine = append_openai_messages(out, asked, server); !fine) return std::unexpected(fine.error());
  write_sampling(body, asked, server);
  if (result<void> fine = write_tools(body, asked); !fine) return std::unexpected(fine.error());
  if (result<void> fine = write_tool_choice(body, asked); !fine) return std::unexpected(fine.error());
  body.flag("parallel_tool_calls", asked.parallel_tool_calls);
  if (result<void> fine = write_response_format(body, asked); !fine) return std::unexpected(fine.error());
  if (asked.dialect == openai_dialect && !asked.metadata.empty()) body.value("metadata", asked.metadata);
  body.text("user", asked.end_user);
  write_stream(body, asked);
  write_extensions(body, asked);
  body.end();
  return out;
}

}  // namespace sluice::agent
