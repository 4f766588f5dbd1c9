// Giving memory back.
#pragma once

#include <string>

namespace sluice {

/// Empties a string and frees what it held. To assign an empty string would not: libstdc++ keeps the larger buffer.
inline void free_storage(std::string& text) {
  std::string().swap(text);
}

}  // namespace sluice
