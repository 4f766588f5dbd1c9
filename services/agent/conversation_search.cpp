#include "agent/conversation_search.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

#include "base/case_folding.hpp"

namespace sluice::agent {

word_matcher::word_matcher(std::string_view query) {
  constexpr std::string_view spaces = " \t\r\n";
  for (std::size_t begin = query.find_first_not_of(spaces); begin != std::string_view::npos;) {
    const std::size_t end = std::min(query.find_first_of(spaces, begin), query.size());
    words_.push_back(fold_case(query.substr(begin, end - begin)));
    begin = query.find_first_not_of(spaces, end);
  }
  this->begin();
}

void word_matcher::look_into(std::string_view text) {
  if (has_seen_all()) return;
  const std::string folded = fold_case(text);
  for (std::size_t i = 0; i < words_.size(); ++i) {
    // memmem and not string::find, which takes the product of both lengths for what nearly matches everywhere.
    if (!seen_[i]) seen_[i] = ::memmem(folded.data(), folded.size(), words_[i].data(), words_[i].size()) != nullptr;
  }
}

bool word_matcher::has_seen_all() const {
  return std::ranges::all_of(seen_, [](bool seen) { return seen; });
}

result<search_places::place> search_places::take(const std::string& user_id) {
  const std::scoped_lock lock(mutex_);
  const auto known = by_user_.find(user_id);
  error refused{.reason = error_reason::rate_limited,
                .message = fmt::format("you have {} searches under way, which is the most at one time", per_user_max),
                .retry_after = std::chrono::seconds(1)};
  if (known != by_user_.end() && known->second >= per_user_max) return std::unexpected(std::move(refused));
  if (total_ >= total_max) {
    refused.reason = error_reason::unavailable;
    refused.message = "too many are searching at this moment; try again";
    return std::unexpected(std::move(refused));
  }
  ++by_user_[user_id];
  ++total_;
  return place(*this, user_id);
}

void search_places::give_back(const std::string& user_id) {
  const std::scoped_lock lock(mutex_);
  const auto known = by_user_.find(user_id);
  if (--known->second == 0) by_user_.erase(known);
  --total_;
}

}  // namespace sluice::agent
