// The first bytes of a connection from a proxy: what is read of them lies within them, and what follows changes
// nothing.
#include "http/proxy_header.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

#include "require.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice::http;
  using sluice::fuzz::require;
  const std::string start(reinterpret_cast<const char*>(data), size);
  const proxy_header found = parse_proxy_header(start);
  require(found.bytes <= size, "what is read was there");
  require(found.is == proxy_header::kind::whole || (found.bytes == 0 && !found.client), "nothing is read of others");
  if (found.is != proxy_header::kind::whole) return 0;
  const proxy_header again = parse_proxy_header(start.substr(0, found.bytes) + "GET / HTTP/1.1\r\n");
  require(again.bytes == found.bytes && again.client == found.client, "it ends where it ends");
  require(parse_proxy_header(start.substr(0, found.bytes - 1)).is == proxy_header::kind::broken, "cut, it is broken");
  return 0;
}
