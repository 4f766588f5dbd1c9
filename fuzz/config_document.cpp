// A configuration is read or refused within its bounds, and what it says, printed, says the same again.
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "config/document.hpp"
#include "config/print.hpp"
#include "require.hpp"

namespace {

using namespace sluice::config;
using sluice::fuzz::require;

constexpr document_bounds bounds{.bytes_max = 4096, .depth_max = 16, .values_max = 1000};

const references& known() {
  static const references all{.variables = {{"NAME", "value"}, {"EMPTY", ""}},
                              .read = [](const std::string& path) -> std::expected<std::string, std::string> {
                                if (path == "/secret") return "content\n";
                                return std::unexpected("No such file or directory");
                              }};
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_document(text, "fuzz.yaml", known(), bounds);
  if (!parsed) {
    require(!parsed.error().empty(), "a refusal says why");
    for (const problem& each : parsed.error())
      require(!each.message.empty() && each.at.name == "fuzz.yaml", "every problem has a message and a place");
    return 0;
  }
  require(!to_json(*parsed).empty(), "whatever was read can be printed");
  const std::string printed = to_yaml(*parsed);
  const auto again = parse_document(printed, "again.yaml", known());
  require(again.has_value() && to_yaml(*again) == printed, "what is printed reads back to the same");
  return 0;
}
