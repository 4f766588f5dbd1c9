#include "config/document.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/quantities.hpp"
#include "base/utf8.hpp"
#include "config/interpolation.hpp"

namespace sluice::config {
namespace {

using shape = value::shape;

std::size_t count_values(const value& in) {
  std::size_t count = 1;
  for (const value& each : in.items)
    count += count_values(each);
  for (const member& each : in.members)
    count += count_values(each.holds);
  return count;
}

std::size_t depth_of(const value& in) {
  std::size_t deepest = 0;
  for (const value& each : in.items)
    deepest = std::max(deepest, depth_of(each));
  for (const member& each : in.members)
    deepest = std::max(deepest, depth_of(each.holds));
  return deepest + 1;
}

// Builds the tree out of yaml-cpp's events, which come in the order of the text. Its own tree would have lost the
// repeated keys and expanded the aliases.
class builder final : public YAML::EventHandler {
 public:
  builder(const origin& whole, const references* known, const document_bounds& bounds)
      : whole_(whole), known_(known), bounds_(bounds) {}

  value take() { return std::move(root_); }
  problems wrong;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { put(value{}, mark, anchor); }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    // "!" is how the parser says that the scalar was quoted, "?" that it was not.
    const bool quoted = tag == "!";
    if (!quoted) check_tag(tag, mark);
    value made = value::scalar(text, quoted);
    if (!quoted && (text.empty() || text == "~" || text == "null")) made = value{};
    const bool is_key = !open_.empty() && open_.back().made.is == shape::map && !open_.back().key;
    if (!is_key && known_ && made.is == shape::scalar) {
      if (auto filled = interpolate(made.text, *known_)) {
        made.text = std::move(*filled);
      } else {
        wrong.push_back({place(mark), filled.error()});
      }
    }
    put(std::move(made), mark, anchor, text);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw YAML::ParserException(mark, "an alias inside what it stands for");
    count(count_values(found->second), mark);
    if (open_.size() + depth_of(found->second) > bounds_.depth_max) too_deep(mark);
    value copy = found->second;
    --values_;  // `put` counts the root again
    put(std::move(copy), mark, 0);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(value::list(), mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin(value::map(), mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

 private:
  // A list or map that has not ended.
  struct unfinished {
    value made;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key = {};  // whose value comes next
    origin key_at = {};
  };

  origin place(const YAML::Mark& mark) const {
    if (whole_.from != source::file) return whole_;
    origin at = whole_;
    at.line = mark.line + 1;
    at.column = mark.column + 1;
    return at;
  }

  void check_tag(const std::string& tag, const YAML::Mark& mark) {
    if (tag.empty() || tag == "?" || tag.starts_with("tag:yaml.org,2002:")) return;
    wrong.push_back({place(mark), fmt::format("the tag \"{}\" means nothing here", tag.substr(0, 64))});
  }

  void count(std::size_t more, const YAML::Mark& mark) {
    values_ += more;
    if (values_ > bounds_.values_max)
      throw YAML::ParserException(mark, fmt::format("more than {} values", bounds_.values_max));
  }

  void too_deep(const YAML::Mark& mark) const {
    throw YAML::ParserException(mark, fmt::format("more than {} levels deep", bounds_.depth_max));
  }

  void begin(value made, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (tag != "!") check_tag(tag, mark);
    if (open_.size() >= bounds_.depth_max) too_deep(mark);
    if (expects_key()) throw YAML::ParserException(mark, "a key must be a plain word");
    made.at = place(mark);
    open_.push_back({std::move(made), mark, anchor});
  }

  void end() {
    unfinished done = std::move(open_.back());
    open_.pop_back();
    put(std::move(done.made), done.mark, done.anchor);
  }

  bool expects_key() const { return !open_.empty() && open_.back().made.is == shape::map && !open_.back().key; }

  // A value is complete: it is the next key, the value of the last one, an item, or the whole document. `spelled` is a
  // scalar's text before anything was made of it: a key stays as it was written.
  void put(value made, const YAML::Mark& mark, YAML::anchor_t anchor, std::string spelled = {}) {
    count(1, mark);
    made.at = place(mark);
    if (anchor != 0) anchors_[anchor] = made;
    if (open_.empty()) {
      root_ = std::move(made);
      return;
    }
    unfinished& around = open_.back();
    if (around.made.is == shape::list) {
      around.made.items.push_back(std::move(made));
    } else if (!around.key) {
      if (made.is == shape::list || made.is == shape::map || spelled.empty())
        throw YAML::ParserException(mark, "a key must be a plain word");
      around.key = std::move(spelled);
      around.key_at = place(mark);
    } else {
      add_member(around, std::move(made));
    }
  }

  void add_member(unfinished& around, value made) {
    for (const member& each : around.made.members) {
      if (each.key != *around.key) continue;
      wrong.push_back({around.key_at, fmt::format("the key \"{}\" comes twice; the first one is at {}", each.key,
                                                  to_string(each.at))});
      around.key.reset();
      return;
    }
    around.made.members.push_back({std::move(*around.key), around.key_at, std::move(made)});
    around.key.reset();
  }

  const origin& whole_;
  const references* known_;
  const document_bounds& bounds_;
  std::vector<unfinished> open_;
  std::map<YAML::anchor_t, value> anchors_;
  std::size_t values_ = 0;
  value root_;
};

problems one_problem(origin at, std::string message) {
  problems only;
  only.push_back({std::move(at), std::move(message)});
  return only;
}

// The place of the first byte that is no UTF-8, and of control characters that YAML forbids.
std::optional<std::size_t> first_bad_byte(std::string_view text) {
  utf8_validator valid;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool control = byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t';
    if (control || byte == 0x7F || !valid.feed(text.substr(i, 1))) return i;
  }
  return valid.complete() ? std::nullopt : std::optional(text.size() - 1);
}

std::expected<value, problems> parse(std::string_view text, const origin& whole, const references* known,
                                     const document_bounds& bounds) {
  if (text.size() > bounds.bytes_max)
    return std::unexpected(one_problem(whole, fmt::format("is larger than {}", format_size(bounds.bytes_max))));
  if (const auto bad = first_bad_byte(text)) {
    origin at = whole;
    if (at.from == source::file) {
      const std::string_view before = text.substr(0, *bad);
      at.line = static_cast<int>(std::ranges::count(before, '\n')) + 1;
      at.column = static_cast<int>(before.size() - (before.rfind('\n') + 1)) + 1;
    }
    return std::unexpected(one_problem(std::move(at), "a byte that is not UTF-8, or a control character"));
  }
  builder built(whole, known, bounds);
  try {
    // The explicit end makes the parser see a quote that is never closed: at the mere end of a file it takes all the
    // rest as the scalar.
    std::istringstream in{std::string(text) + "\n...\n"};
    YAML::Parser parser(in);
    parser.HandleNextDocument(built);
    origin rest = whole;
    builder more(rest, nullptr, bounds);
    if (built.wrong.empty() && parser.HandleNextDocument(more))
      return std::unexpected(one_problem(whole, "has more than one document"));
  } catch (const YAML::Exception& broken) {
    origin at = whole;
    if (at.from == source::file && !broken.mark.is_null()) {
      at.line = broken.mark.line + 1;
      at.column = broken.mark.column + 1;
    }
    built.wrong.push_back({std::move(at), broken.msg});
  }
  if (!built.wrong.empty()) return std::unexpected(std::move(built.wrong));
  return built.take();
}

}  // namespace

std::expected<value, problems> parse_document(std::string_view text, const std::string& name, const references& known,
                                              const document_bounds& bounds) {
  return parse(text, {source::file, name}, &known, bounds);
}

std::expected<value, problems> parse_inline(std::string_view text, const origin& at, const document_bounds& bounds) {
  return parse(text, at, nullptr, bounds);
}

}  // namespace sluice::config
