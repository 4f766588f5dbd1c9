// A string that cannot be logged by accident.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

/// Holds a password, key or token. It has no formatter and no stream operator; reading it takes the word `reveal`,
/// which is easy to find in a review.
class secret_string {
 public:
  secret_string() = default;
  explicit secret_string(std::string value) : value_(std::move(value)) {}
  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  bool operator==(const secret_string&) const = default;

 private:
  std::string value_;
};

}  // namespace sluice
