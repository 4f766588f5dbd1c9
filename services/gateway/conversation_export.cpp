#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/timestamp.hpp"
#include "door/json_exchange.hpp"
#include "gateway/conversation_api.hpp"
#include "gateway/conversation_json.hpp"

namespace sluice::gateway {

using namespace door;

namespace {

namespace json = boost::json;
using agent::stored_message;

constexpr std::uint32_t messages_per_page = 200;

// What both formats read: the conversation page by page, the first of which tells whether there is one.
class pages {
 public:
  pages(conversation_api uses, agent::caller who, std::string id)
      : uses_(uses), who_(std::move(who)), id_(std::move(id)) {}

  task<result<agent::conversation_tree>> next() {
    auto page = co_await uses_.stored.read_conversation(who_, id_, cursor_, messages_per_page);
    if (page) cursor_ = page->next;
    at_end_ = !page || cursor_.empty();
    co_return page;
  }
  bool at_end() const { return at_end_; }

 private:
  conversation_api uses_;
  agent::caller who_;
  std::string id_;
  std::string cursor_;
  bool at_end_ = false;
};

void start_file(http::exchange& with, std::string_view content_type, const std::string& name) {
  with.start_stream(200, {{"content-type", std::string(content_type)},
                          {"content-disposition", fmt::format("attachment; filename=\"{}\"", name)},
                          {"cache-control", "no-store"}});
}

// An answer that has begun cannot become an error any more: it is cut, so that the client can tell.
task<> export_json(conversation_api uses, agent::caller who, std::string id, http::exchange& with) {
  pages source(uses, std::move(who), id);
  auto page = co_await source.next();
  if (!page) co_return co_await send_error(with, page.error());
  start_file(with, "application/json", id + ".json");
  std::string out = json::serialize(to_json(page->about));
  out.back() = ',';
  out += R"("messages":[)";
  bool first = true;
  for (;;) {
    for (const stored_message& one : page->messages) {
      if (!first) out += ",\n";
      first = false;
      out += json::serialize(to_json(one));
    }
    if (source.at_end()) break;
    if (co_await with.write(out)) co_return;
    out.clear();
    page = co_await source.next();
    if (!page) co_return;
  }
  if (!co_await with.write(out + "]}\n")) co_await with.finish();
}

struct markdown_writer {
  std::string& out;

  void operator()(const generation::text_part& part) const { out += part.text + "\n\n"; }
  void operator()(const generation::image_part& part) const {
    out += part.url.empty() ? "*(an image)*\n\n" : fmt::format("![image](<{}>)\n\n", part.url);
  }
  void operator()(const generation::audio_part&) const { out += "*(a recording)*\n\n"; }
  void operator()(const generation::file_part& part) const { out += fmt::format("*(a file: {})*\n\n", part.filename); }
  void operator()(const generation::reasoning_part&) const {}  // not part of what was said
  void operator()(const generation::refusal_part& part) const { out += part.text + "\n\n"; }
  void operator()(const generation::tool_call_part& part) const {
    out += fmt::format("*(calls {})*\n\n```json\n{}\n```\n\n", part.name, part.arguments);
  }
  void operator()(const generation::tool_result_part& part) const {
    for (const generation::content_part& one : part.content)
      std::visit(*this, one.what);
  }
  void operator()(const generation::vendor_part&) const {}
};

void append_markdown(std::string& out, const stored_message& message) {
  std::string role(generation::to_string(message.role));
  role.front() = static_cast<char>(role.front() - 'a' + 'A');
  out += message.model.empty() ? fmt::format("## {}\n\n", role) : fmt::format("## {} ({})\n\n", role, message.model);
  for (const generation::content_part& part : message.content)
    std::visit(markdown_writer{out}, part.what);
  if (message.status != agent::message_status::completed)
    out += fmt::format("*({})*\n\n", agent::to_string(message.status));
}

// The ids from the newest message up to its root.
task<result<std::unordered_set<std::string>>> newest_branch(pages source) {
  std::unordered_map<std::string, std::string> parents;
  std::string newest;
  while (!source.at_end()) {
    const auto page = co_await source.next();
    if (!page) co_return std::unexpected(page.error());
    for (const stored_message& one : page->messages) {
      parents.emplace(one.id, one.parent_id);
      newest = one.id;
    }
  }
  std::unordered_set<std::string> branch;
  for (auto at = parents.find(newest); at != parents.end(); at = parents.find(at->second))
    branch.insert(at->first);
  co_return branch;
}

task<> export_markdown(conversation_api uses, agent::caller who, std::string id, http::exchange& with) {
  const auto branch = co_await newest_branch(pages(uses, who, id));
  if (!branch) co_return co_await send_error(with, branch.error());
  pages source(uses, std::move(who), id);
  auto page = co_await source.next();
  if (!page) co_return co_await send_error(with, page.error());
  start_file(with, "text/markdown; charset=utf-8", id + ".md");
  std::string out = fmt::format("# {}\n\n*{}*\n\n", page->about.title, format_timestamp(page->about.created_at));
  for (;;) {
    for (const stored_message& one : page->messages) {
      if (branch->contains(one.id)) append_markdown(out, one);
    }
    if (co_await with.write(out)) co_return;
    if (source.at_end()) break;
    out.clear();
    page = co_await source.next();
    if (!page) co_return;
  }
  co_await with.finish();
}

}  // namespace

task<> export_conversation(conversation_api uses, http::exchange& with) {
  const auto who = co_await admit_reader(uses, with);
  if (!who) co_return;
  std::string id(with.request().parameter("id"));
  const std::string format = with.request().query_parameter("format").value_or("json");
  if (format == "json") {
    co_await export_json(uses, who->caller(), std::move(id), with);
  } else if (format == "markdown") {
    co_await export_markdown(uses, who->caller(), std::move(id), with);
  } else {
    co_await send_error(with, {.reason = error_reason::invalid_argument,
                               .message = "\"format\" must be json or markdown",
                               .param = "format"});
  }
}

}  // namespace sluice::gateway
