#include "bench/llmsim/packet_cutter.hpp"

#include <algorithm>

namespace sluice::bench {

packet_cutter::packet_cutter(const scenario& plan)
    : split_(plan.fault == fault_kind::slow_headers ? split_kind::none : plan.split), until_cut_(plan.split_offset) {}

std::size_t packet_cutter::next(std::string_view bytes) {
  switch (split_) {
    case split_kind::none:
      break;
    case split_kind::every:
      return 1;
    case split_kind::at_offset: {
      const std::size_t size = until_cut_ > 0 ? std::min(until_cut_, bytes.size()) : bytes.size();
      until_cut_ -= std::min(until_cut_, size);
      return size;
    }
    case split_kind::character: {
      // After the lead byte of a character of several.
      const auto* const lead =
          std::ranges::find_if(bytes, [](char letter) { return static_cast<unsigned char>(letter) >= 0xC0; });
      return lead == bytes.end() ? bytes.size() : static_cast<std::size_t>(lead - bytes.begin()) + 1;
    }
  }
  return bytes.size();
}

}  // namespace sluice::bench
