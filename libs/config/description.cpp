#include "config/description.hpp"

#include <algorithm>
#include <numeric>

namespace sluice::config {
namespace {

constexpr std::size_t name_bytes_max = 64;  // longer ones are no typing mistake

// Levenshtein's distance, with the swap of neighbours counted as one mistake.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> now(b.size() + 1);
  std::iota(last.begin(), last.end(), 0U);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

}  // namespace

const key_description* find_key(const description& structure, std::string_view name) {
  for (const key_description& each : structure.keys) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

std::string_view nearest(std::string_view typed, const std::vector<std::string_view>& names) {
  if (typed.size() > name_bytes_max) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, std::min<std::size_t>(3, typed.size() / 3)) + 1;
  for (const std::string_view name : names) {
    if (const std::size_t away = distance(typed, name); away < best_distance) {
      best = name;
      best_distance = away;
    }
  }
  return best;
}

}  // namespace sluice::config
