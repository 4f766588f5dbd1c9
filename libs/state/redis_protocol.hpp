// Redis' wire protocol (RESP 2), without I/O.   Source: https://redis.io/docs/reference/protocol-spec
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct redisReader;

namespace sluice::state {

struct redis_reply {
  enum class kind : std::uint8_t { nil, integer, status, text, error, array };
  kind is = kind::nil;
  std::int64_t number = 0;         ///< of an integer
  std::string text;                ///< of a status, a text (any bytes) or an error
  std::vector<redis_reply> items;  ///< of an array

  bool is_error() const { return is == kind::error; }
  bool is_nil() const { return is == kind::nil; }
};

/// Of one reply; more is a failure.
struct redis_reply_limits {
  std::size_t bytes_max = std::size_t{64} << 20;
  std::size_t elements_max = 100'000;
};

/// Bytes in, replies out, in order.
class redis_reply_parser {
 public:
  explicit redis_reply_parser(redis_reply_limits limits = {});
  ~redis_reply_parser();
  redis_reply_parser(redis_reply_parser&&) noexcept;
  redis_reply_parser& operator=(redis_reply_parser&&) noexcept;

  /// Takes a copy.
  void feed(std::string_view bytes);
  /// Nothing: more bytes are needed, or it has failed.
  std::optional<redis_reply> next();
  /// What came is not the protocol, or passes a limit. Nothing comes after that.
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }

 private:
  struct free_reader {
    void operator()(redisReader* reader) const;
  };
  redis_reply_limits limits_;
  std::unique_ptr<std::size_t> elements_left_;  // of the reply in progress; hiredis holds a pointer to it
  std::unique_ptr<redisReader, free_reader> reader_;
  std::size_t bytes_ = 0;  // fed since the last reply
  std::string failure_;
};

/// Appends a command, of at least one word; words may hold any bytes.
void append_command(std::string& to, std::span<const std::string_view> words);

}  // namespace sluice::state
