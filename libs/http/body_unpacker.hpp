// Bodies of requests that come packed (RFC 9110, section 8.4.1), by zlib.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::http {

/// Unpacks one body, slice by slice, so that whoever asks can let others have their turn.
class body_unpacker {
 public:
  enum class progress {
    more,      ///< call `step` again
    done,      ///< all of it is unpacked
    broken,    ///< it is not of that coding, or ends too early, or goes on behind its end
    too_large  ///< it is larger than it may be
  };

  /// gzip, x-gzip and deflate.
  static bool knows(std::string_view coding);

  /// Of one of those codings; zlib finds out which. `packed` outlives it.
  body_unpacker(std::string_view packed, std::size_t bytes_max);
  body_unpacker(body_unpacker&&) noexcept;
  ~body_unpacker();

  /// Unpacks at most a quarter of a megabyte more.
  progress step();
  /// What is unpacked so far.
  std::string& body() { return body_; }

 private:
  struct stream;

  std::unique_ptr<stream> stream_;
  std::size_t bytes_max_;
  std::string body_;
};

}  // namespace sluice::http
