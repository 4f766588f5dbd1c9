// Where a response's bytes are cut into packets. No I/O.
#pragma once

#include <cstddef>
#include <string_view>

#include "bench/answer/scenario.hpp"

namespace sluice::bench {

class packet_cutter {
 public:
  explicit packet_cutter(const scenario& plan);

  /// How many bytes of `bytes`, which is not empty, make the next packet.
  std::size_t next(std::string_view bytes);

 private:
  split_kind split_;
  std::size_t until_cut_;  // of at_offset
};

}  // namespace sluice::bench
