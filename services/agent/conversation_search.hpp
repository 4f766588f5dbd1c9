// Finding conversations by words, a slice of the store at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/conversation_service.hpp"

namespace sluice::agent {

/// The words of a query, and which of them have been seen. Case does not matter, in any script; a word is found
/// wherever it stands, within another one too.
class word_matcher {
 public:
  explicit word_matcher(std::string_view query);

  /// Forgets what was seen.
  void begin() { seen_.assign(words_.size(), false); }
  /// In time proportional to the text, whatever is looked for.
  void look_into(std::string_view text);
  bool has_seen_all() const;

 private:
  std::vector<std::string> words_;  // folded
  std::vector<bool> seen_;
};

/// A search under way: what it has found, and where it goes on. It moves to the store and back with every slice, so
/// that a long one keeps nobody else waiting for longer than a slice takes.
struct conversation_search {
  explicit conversation_search(list_conversations_request wanted)
      : asked(std::move(wanted)), words(asked.query), place(asked.cursor) {}

  list_conversations_request asked;
  word_matcher words;
  conversation_page found;
  std::string place;                          ///< cursor: behind the last conversation that was looked through
  std::deque<conversation_card> ahead;        ///< conversations to be looked through, the first one now
  std::optional<std::int64_t> next_position;  ///< of the messages of the first one; unset: it was not begun
  bool done = false;                          ///< the page is full, or there is nothing more to look through
};

/// How many searches there are: few for one user, and not too many in all, for each takes its turns at the readers of
/// the store. Any worker.
class search_places {
 public:
  static constexpr std::uint32_t per_user_max = 2;
  static constexpr std::uint32_t total_max = 16;

  /// Given back when it goes; not to outlive the `search_places`.
  class place {
   public:
    place(place&& other) noexcept : of_(std::exchange(other.of_, nullptr)), user_id_(std::move(other.user_id_)) {}
    place& operator=(place&&) = delete;
    ~place() {
      if (of_ != nullptr) of_->give_back(user_id_);
    }

   private:
    friend class search_places;
    place(search_places& of, std::string user_id) : of_(&of), user_id_(std::move(user_id)) {}
    search_places* of_;
    std::string user_id_;
  };

  /// Errors: rate_limited (of the user), unavailable (in all), both with `retry_after`.
  result<place> take(const std::string& user_id);

 private:
  void give_back(const std::string& user_id);

  std::mutex mutex_;
  std::unordered_map<std::string, std::uint32_t> by_user_;
  std::uint32_t total_ = 0;
};

}  // namespace sluice::agent
