// One thing that took time, as part of a trace.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "telemetry/trace_context.hpp"

namespace sluice::telemetry {

enum class span_kind : std::uint8_t { internal, server, client };

/// A name that is there as long as the program: those of names.hpp.
class static_name {
 public:
  consteval static_name(std::string_view text) : text_(text) {}
  consteval static_name(const char* text) : text_(text) {}
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

/// What a span says about itself. Texts live until the call returns; a secret_string fits none of the constructors.
class attribute {
 public:
  using content = std::variant<bool, std::int64_t, double, std::string_view>;

  attribute(static_name key, std::string_view text) : key_(key), holds_(text) {}
  attribute(static_name key, const std::string& text) : attribute(key, std::string_view(text)) {}
  attribute(static_name key, const char* text) : attribute(key, std::string_view(text)) {}
  template <std::same_as<bool> T>
  attribute(static_name key, T truth) : key_(key), holds_(truth) {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  attribute(static_name key, T number) : key_(key), holds_(static_cast<std::int64_t>(number)) {}
  template <std::floating_point T>
  attribute(static_name key, T number) : key_(key), holds_(static_cast<double>(number)) {}

  static_name key() const { return key_; }
  const content& holds() const { return holds_; }

 private:
  static_name key_;
  content holds_;
};

/// A span that has ended, as it is exported.
struct span_record {
  using value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;
  struct pair {
    static_name key;
    value holds;
  };
  struct event {
    static_name name;
    std::chrono::system_clock::time_point at;
    std::vector<pair> attributes;
  };

  trace_context context;
  trace_context parent;  ///< not valid: this one began the trace
  span_kind kind = span_kind::internal;
  std::string name;
  std::chrono::system_clock::time_point start;
  std::chrono::nanoseconds duration{};
  std::vector<pair> attributes;
  std::vector<event> events;
  bool failed = false;
  std::string problem;  ///< of a failed one
};

/// Where spans go that have ended. Any thread; does not wait.
class span_sink {
 public:
  virtual ~span_sink() = default;
  virtual void take(std::unique_ptr<span_record> ended) = 0;
};

/// A span that is under way; ends when it goes. One that is not sampled only knows its context, and all that is said to
/// it costs a look at a pointer. Touched by one thread at a time.
class span {
 public:
  /// None: not even a context.
  span() = default;
  /// Not recorded.
  explicit span(trace_context context) : context_(std::move(context)) {}
  span(std::unique_ptr<span_record> record, std::shared_ptr<span_sink> to);
  span(span&& other) noexcept = default;
  span& operator=(span&& other) noexcept;
  ~span() { end(); }

  /// For its children, here or elsewhere.
  const trace_context& context() const { return context_; }
  /// Whether anybody will see it: ask before making a text for it.
  bool is_recording() const { return record_ != nullptr; }

  void set_name(std::string_view name) {
    if (record_) record_->name = name;
  }
  void set(const attribute& what) {
    if (record_) add(record_->attributes, what);
  }
  void set(static_name key, std::vector<std::string> texts);
  void add_event(static_name name, std::initializer_list<attribute> attributes = {});
  /// It failed, and `type` is a bounded word for how (the attribute `error.type`).
  void fail(std::string_view type, std::string_view problem);
  /// The same for one of our errors. What only the log may know is left out.
  void fail(const error& problem) { fail(to_string(problem.reason), problem.message); }
  /// Once; nothing that is said afterwards counts.
  void end();

 private:
  static void add(std::vector<span_record::pair>& to, const attribute& what);

  trace_context context_;
  std::unique_ptr<span_record> record_;
  std::shared_ptr<span_sink> sink_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace sluice::telemetry
