#include "http/body_quota.hpp"

namespace sluice::http {

body_share& body_share::operator=(body_share&& other) noexcept {
  std::swap(quota_, other.quota_);
  std::swap(client_, other.client_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

body_share::~body_share() {
  if (quota_ == nullptr || bytes_ == 0) return;
  const std::lock_guard lock(quota_->mutex_);
  quota_->bytes_ -= bytes_;
  const auto of_client = quota_->by_client_.find(client_);
  if ((of_client->second -= bytes_) == 0) quota_->by_client_.erase(of_client);
}

body_share::growth body_share::grow_to(std::size_t bytes) {
  if (bytes <= bytes_) return growth::fits;
  const std::size_t more = bytes - bytes_;
  const std::lock_guard lock(quota_->mutex_);
  if (more > quota_->bytes_max_ - quota_->bytes_) return growth::too_much;
  const auto of_client = quota_->by_client_.try_emplace(client_, 0).first;
  if (of_client->second + more > quota_->bytes_per_client_max_) {
    if (of_client->second == 0) quota_->by_client_.erase(of_client);
    return growth::too_much_of_client;
  }
  of_client->second += more;
  quota_->bytes_ += more;
  bytes_ = bytes;
  return growth::fits;
}

}  // namespace sluice::http
