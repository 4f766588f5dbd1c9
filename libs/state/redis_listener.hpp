// Hears what others announce through a Redis.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "state/announcement_board.hpp"
#include "state/redis_settings.hpp"
#include "telemetry/log.hpp"

namespace sluice::state {

/// An announcement as it travels: the topic's length, a colon, the topic, the text.
std::string write_announcement(std::string_view topic, std::string_view text);
/// Nothing for what is none.
std::optional<announcement> read_announcement(std::string_view payload);

/// One connection for all who listen in this process, opened when the first one does, and anew whenever it breaks. As
/// Redis keeps nothing for who is away, each time it begins to listen it says that some may have been missed. Any
/// thread.
class redis_listener {
 public:
  redis_listener(executor on, redis_settings told, std::string channel, const telemetry::logger& log);
  ~redis_listener();
  redis_listener(const redis_listener&) = delete;
  redis_listener& operator=(const redis_listener&) = delete;

  std::unique_ptr<subscription> subscribe(executor on, std::vector<std::string> topics);

 private:
  class ear;
  std::shared_ptr<ear> ear_;
};

}  // namespace sluice::state
