// What a call is called in metrics and traces.
#pragma once

#include <string>

namespace google::protobuf {
class Descriptor;
}

namespace sluice::rpc {

struct call_name {
  std::string service;  ///< sluice.identity.v1.Identity
  std::string method;   ///< LogIn
  std::string whole;    ///< both, with a slash between them
};

/// Of the method that takes these messages, which are no other method's.
call_name find_call_name(const google::protobuf::Descriptor& request);

template <class Request>
const call_name& call_name_of() {
  static const call_name name = find_call_name(*Request::descriptor());
  return name;
}

}  // namespace sluice::rpc
