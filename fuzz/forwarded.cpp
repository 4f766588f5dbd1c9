// What a client writes into the headers in which a trusted proxy then adds the client's address: it never becomes
// anybody else.
#include "http/forwarded.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::http;
  using sluice::fuzz::require;
  const std::string written(reinterpret_cast<const char*>(data), size);
  const auto proxy = boost::asio::ip::make_address("10.0.0.1");
  const auto client = boost::asio::ip::make_address("203.0.113.9");
  const std::vector<address_range> trusted{address_range::parse("10.0.0.0/8").value()};

  require(find_client_address(proxy, {{"X-Forwarded-For", written + ", 203.0.113.9"}}, trusted) == client,
          "the last in the list is the client");
  for (const char* added : {", for=203.0.113.9", ", for=\"203.0.113.9:4711\";proto=https",
                            ", for=203.0.113.9;host=\"a\\\"b\", for=10.0.0.2"}) {
    const auto found = find_client_address(proxy, {{"Forwarded", written + added}}, trusted);
    require(found == client || found == proxy, "the client is found, or nobody");
  }
  const header_fields both{{"X-Forwarded-For", "203.0.113.9"}, {"Forwarded", written}};
  const auto found = find_client_address(proxy, both, trusted);
  require(found == client || found == proxy, "a header that contradicts changes nothing");
  require(find_client_address(client, both, trusted) == client, "a stranger is not believed");
  address_range::parse(written);
  return 0;
}
