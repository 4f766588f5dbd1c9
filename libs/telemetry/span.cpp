#include "telemetry/span.hpp"

#include "base/utf8.hpp"
#include "telemetry/names.hpp"

namespace sluice::telemetry {
namespace {

// Whatever a request makes us say, a span stays small.
constexpr std::size_t pairs_max = 64;
constexpr std::size_t events_max = 64;
constexpr std::size_t text_bytes_max = std::size_t{64} * 1024;

// Receivers refuse a whole batch for one text that is not UTF-8.
std::string sound(std::string_view text) {
  const std::string_view head = text.substr(0, text_bytes_max);
  std::string_view good = head.substr(0, whole_characters(head));
  if (is_valid_utf8(good)) return std::string(good);
  std::string mended;
  for (const char c : head)
    mended.push_back(static_cast<unsigned char>(c) < 0x80 ? c : '?');
  return mended;
}

struct to_value {
  span_record::value operator()(std::string_view text) const { return sound(text); }
  span_record::value operator()(auto other) const { return other; }
};

}  // namespace

span::span(std::unique_ptr<span_record> record, std::shared_ptr<span_sink> to)
    : context_(record->context),
      record_(std::move(record)),
      sink_(std::move(to)),
      began_(std::chrono::steady_clock::now()) {}

span& span::operator=(span&& other) noexcept {
  if (this == &other) return *this;
  end();
  context_ = std::move(other.context_);
  record_ = std::move(other.record_);
  sink_ = std::move(other.sink_);
  began_ = other.began_;
  return *this;
}

void span::add(std::vector<span_record::pair>& to, const attribute& what) {
  span_record::value value = std::visit(to_value(), what.holds());
  for (span_record::pair& there : to) {
    if (there.key.text() != what.key().text()) continue;
    there.holds = std::move(value);
    return;
  }
  if (to.size() < pairs_max) to.push_back({what.key(), std::move(value)});
}

void span::set(static_name key, std::vector<std::string> texts) {
  if (!record_ || record_->attributes.size() >= pairs_max) return;
  if (texts.size() > pairs_max) texts.resize(pairs_max);
  for (std::string& text : texts)
    text = sound(text);
  record_->attributes.push_back({key, std::move(texts)});
}

void span::add_event(static_name name, std::initializer_list<attribute> attributes) {
  if (!record_ || record_->events.size() >= events_max) return;
  span_record::event& added = record_->events.emplace_back(name, std::chrono::system_clock::now());
  for (const attribute& each : attributes)
    add(added.attributes, each);
}

void span::fail(std::string_view type, std::string_view problem) {
  if (!record_) return;
  set({names::error_type, type});
  record_->failed = true;
  record_->problem = sound(problem);
}

void span::end() {
  if (!record_) return;
  record_->duration = std::chrono::steady_clock::now() - began_;
  record_->name = sound(record_->name);
  sink_->take(std::move(record_));
}

}  // namespace sluice::telemetry
