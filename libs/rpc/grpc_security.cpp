#include "rpc/grpc_security.hpp"

namespace sluice::rpc {

result<std::shared_ptr<grpc::ServerCredentials>> make_server_credentials(const tls_files& files) {
  auto read = read_tls_files(files);
  if (!read) return std::unexpected(std::move(read.error()));
  if (read->certificate.empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(read->ca.empty()
                                                ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                                                : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = read->ca;
  options.pem_key_cert_pairs.push_back({std::string(read->key.reveal()), read->certificate});
  return grpc::SslServerCredentials(options);
}

result<std::shared_ptr<grpc::ChannelCredentials>> make_channel_credentials(const tls_files& files) {
  auto read = read_tls_files(files);
  if (!read) return std::unexpected(std::move(read.error()));
  if (!files.any()) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = read->ca,
                               .pem_private_key = std::string(read->key.reveal()),
                               .pem_cert_chain = read->certificate});
}

}  // namespace sluice::rpc
