#include "gateway/socket_places.hpp"

#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

namespace sluice::gateway {

class socket_counts {
 public:
  // `who` becomes the one that other sockets of the same credential hold already.
  result<void> take(const settings& told, std::shared_ptr<const door::principal>& who) {
    const std::scoped_lock lock(mutex_);
    if (total_ >= told.sockets_max) {
      return failure(error_reason::unavailable, "this server has as many open sockets as it takes; try again later");
    }
    user_sockets& of_user = by_user_[who->user_id];
    if (of_user.count >= told.sockets_per_user_max) {
      if (of_user.count == 0) by_user_.erase(who->user_id);
      error refused{.reason = error_reason::rate_limited,
                    .message = fmt::format("{} open sockets is the most for one user; close one first",
                                           told.sockets_per_user_max)};
      refused.retry_after = std::chrono::seconds(5);
      return std::unexpected(std::move(refused));
    }
    if (of_user.newest && *of_user.newest == *who) {
      who = of_user.newest;
    } else {
      of_user.newest = who;
    }
    ++of_user.count;
    ++total_;
    return {};
  }
  void give_back(const std::string& user_id) {
    const std::scoped_lock lock(mutex_);
    const auto of_user = by_user_.find(user_id);
    if (of_user != by_user_.end() && --of_user->second.count == 0) by_user_.erase(of_user);
    --total_;
  }
  bool has(const std::string& user_id) const {
    const std::scoped_lock lock(mutex_);
    return by_user_.contains(user_id);
  }
  std::uint32_t total() const {
    const std::scoped_lock lock(mutex_);
    return total_;
  }

 private:
  mutable std::mutex mutex_;  // sockets open and close; no message or delta comes here
  struct user_sockets {
    std::uint32_t count = 0;
    std::shared_ptr<const door::principal> newest;  // as the last of them came in
  };
  std::unordered_map<std::string, user_sockets> by_user_;
  std::uint32_t total_ = 0;
};

socket_place& socket_place::operator=(socket_place&& other) noexcept {
  if (this != &other) {
    std::swap(counts_, other.counts_);
    std::swap(who_, other.who_);
  }
  return *this;
}

socket_place::~socket_place() {
  if (counts_) counts_->give_back(who_->user_id);
}

socket_places::socket_places(const settings& told) : settings_(told), counts_(std::make_shared<socket_counts>()) {}

socket_places::~socket_places() = default;

result<socket_place> socket_places::take(std::shared_ptr<const door::principal>& who) {
  if (auto taken = counts_->take(settings_, who); !taken) return std::unexpected(std::move(taken.error()));
  socket_place place;
  place.counts_ = counts_;
  place.who_ = who;
  return place;
}

std::uint32_t socket_places::open_sockets() const {
  return counts_->total();
}

bool socket_places::has_sockets(const std::string& user_id) const {
  return counts_->has(user_id);
}

}  // namespace sluice::gateway
