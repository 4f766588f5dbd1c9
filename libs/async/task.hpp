// The coroutine type of the whole project, with the concrete executor (no type erasure on the hot path).
#pragma once

#include <chrono>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace sluice {

namespace asio = boost::asio;
using boost::system::error_code;

using executor = asio::io_context::executor_type;

template <class T = void>
using task = asio::awaitable<T, executor>;

/// The completion token of every asynchronous operation: Boost 1.83 wants one on each call.
inline constexpr asio::use_awaitable_t<executor> use_task{};

/// The same, giving (error_code, values…) as a tuple in place of throwing.
inline constexpr auto use_task_nothrow = asio::as_tuple(use_task);

using steady_timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;
using tcp_socket = asio::basic_stream_socket<asio::ip::tcp, executor>;
using tcp_acceptor = asio::basic_socket_acceptor<asio::ip::tcp, executor>;

}  // namespace sluice
