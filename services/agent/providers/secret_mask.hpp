// Keeps a provider's credentials out of what it makes us say: some repeat them in their errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/secret_string.hpp"

namespace sluice::agent {

/// Hides what it was told of, in every text of an error. Immutable after its set-up; any thread.
class secret_mask {
 public:
  /// A credential: hidden as a whole, and if it is of 12 bytes or more, so is any word that begins like it ("Incorrect
  /// API key: sk-ab***yz"). An empty one is none.
  void add_credential(const secret_string& secret);
  /// The value of a header field. That of a field which is there for credentials (`Authorization`, `api-key`, whatever
  /// has key, token, secret or auth in its name) is one, without its scheme; of others, each word of 8 bytes or more
  /// is hidden where it stands whole.
  void add_field(std::string_view name, const secret_string& value);

  std::string apply(std::string text) const;
  /// The same for message, param and detail.
  error apply(error problem) const;

 private:
  struct hidden {
    secret_string text;
    bool by_beginning;
  };
  std::vector<hidden> hidden_;
};

}  // namespace sluice::agent
