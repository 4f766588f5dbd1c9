// What a client says on a chat socket: it is a frame or not, and who is named in its refusal was named by the client.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/utf8.hpp"
#include "gateway/chat_frames.hpp"
#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using fuzz::require;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const door::json_limits limits{.depth = 8};

  const auto is_sound = [](const std::optional<std::string>& id) {
    return !id || (!id->empty() && is_valid_utf8(*id) && count_code_points(*id) <= gateway::request_id_characters_max);
  };
  const auto found = gateway::find_request_id(text, limits);
  require(is_sound(found), "an id that goes back is one");
  if (const auto frame = gateway::parse_client_frame(text, limits)) {
    require(is_sound(frame->id), "an id that was taken is one");
    require(frame->id.has_value() <= found.has_value(), "an id that was taken is found");
  }
  return 0;
}
