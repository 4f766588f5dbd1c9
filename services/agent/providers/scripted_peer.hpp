// A provider for tests: one thread, plain sockets, says exactly what its script says.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

namespace sluice::agent {

/// One connection of the peer, as the script sees it. Blocking.
class scripted_connection {
 public:
  explicit scripted_connection(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  /// The next request whole, head and body; empty when the client has closed.
  std::string read_request() {
    std::string bytes;
    boost::system::error_code code;
    const std::size_t head = boost::asio::read_until(socket_, boost::asio::dynamic_buffer(bytes), "\r\n\r\n", code);
    if (code) return {};
    const std::size_t at = bytes.find("Content-Length: ");
    const std::size_t length = at == std::string::npos ? 0 : std::stoul(bytes.substr(at + 16, 12));
    const std::size_t missing = head + length - bytes.size();
    boost::asio::read(socket_, boost::asio::dynamic_buffer(bytes), boost::asio::transfer_exactly(missing), code);
    return bytes;
  }
  void write(std::string_view bytes) {
    boost::system::error_code code;
    boost::asio::write(socket_, boost::asio::buffer(bytes), code);
  }
  /// Waits until the client has closed the connection.
  void await_close() {
    std::string rest;
    boost::system::error_code code;
    boost::asio::read(socket_, boost::asio::dynamic_buffer(rest), code);
  }

 private:
  boost::asio::ip::tcp::socket socket_;
};

/// Serves one connection after the other by `script`, which returns when it is done with one.
class scripted_peer {
 public:
  explicit scripted_peer(std::function<void(scripted_connection&)> script)
      : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}), thread_([this, script = std::move(script)] {
          for (;;) {
            boost::asio::ip::tcp::socket socket(context_);
            boost::system::error_code code;
            acceptor_.accept(socket, code);
            if (code || stopping_) return;
            scripted_connection one(std::move(socket));
            script(one);
          }
        }) {}
  ~scripted_peer() {
    stopping_ = true;
    boost::asio::ip::tcp::socket last(context_);  // wakes the thread out of accept
    boost::system::error_code code;
    last.connect(acceptor_.local_endpoint(), code);
    thread_.join();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()); }

 private:
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice::agent
