#include "rpc/call_name.hpp"

#include <google/protobuf/descriptor.h>

namespace sluice::rpc {

call_name find_call_name(const google::protobuf::Descriptor& request) {
  const google::protobuf::FileDescriptor& file = *request.file();
  for (int i = 0; i < file.service_count(); ++i) {
    const google::protobuf::ServiceDescriptor& service = *file.service(i);
    for (int each = 0; each < service.method_count(); ++each) {
      const google::protobuf::MethodDescriptor& method = *service.method(each);
      if (method.input_type() == &request)
        return {service.full_name(), method.name(), service.full_name() + "/" + method.name()};
    }
  }
  return {file.package(), request.name(), file.package() + "/" + request.name()};
}

}  // namespace sluice::rpc
