#include "bench/loadgen/idle_run.hpp"

#include <memory>
#include <vector>

#include <sys/epoll.h>

#include "bench/loadgen/websocket_frames.hpp"
#include "bench/net/event_loop.hpp"
#include "bench/net/socket.hpp"

namespace sluice::bench {

namespace {

class idle_run;

class idle_socket : public watcher {
 public:
  idle_socket(idle_run& owner, std::uint32_t source);
  void on_ready(std::uint32_t events) override;

 private:
  void read();
  idle_run& run_;
  socket_handle socket_;
  std::string input_;
  bool asked_ = false;
  bool open_ = false;
};

class idle_run : private timer {
 public:
  explicit idle_run(const idle_settings& settings) : settings_(settings) {}
  idle_result run();

  event_loop& loop() { return loop_; }
  const idle_settings& settings() const { return settings_; }
  void opened();
  void failed(std::string why);
  void closed() { --result_.open; }

 private:
  void on_due(nanoseconds_t now) override;
  void open_more();
  idle_settings settings_;
  event_loop loop_;
  idle_result result_;
  nanoseconds_t began_ = 0;
  bool settling_ = false;
  std::vector<std::unique_ptr<idle_socket>> sockets_;
};

idle_socket::idle_socket(idle_run& owner, std::uint32_t source)
    : run_(owner), socket_(connect_to(owner.settings().address, source)) {
  run_.loop().watch(socket_.get(), EPOLLOUT, *this);
}

void idle_socket::on_ready(std::uint32_t /*events*/) {
  if (asked_) return read();
  const idle_settings& settings = run_.settings();
  const std::string request = upgrade_request(settings.host, settings.path, settings.key, settings.protocol);
  std::size_t sent = 0;
  if (write_from(socket_, request, sent) != io_state::done) return run_.failed("cannot connect");
  asked_ = true;
  run_.loop().rewatch(socket_.get(), EPOLLIN, *this);
}

void idle_socket::read() {
  const io_state state = read_into(socket_, input_);
  if (state == io_state::closed) {
    run_.loop().forget(socket_.get());
    if (!open_) return run_.failed("closed before the upgrade: " + input_);
    return run_.closed();
  }
  if (!open_ && input_.find("\r\n\r\n") != std::string::npos) {
    if (!accepts_upgrade(input_)) return run_.failed("no upgrade: " + input_);
    open_ = true;
    run_.opened();
  }
  // A hello, or a ping of the server, which an idle client may answer late.
  if (open_) std::string().swap(input_);
}

idle_result idle_run::run() {
  result_.before = measure_process(settings_.pid);
  result_.kernel_before_bytes = kernel_memory_bytes();
  began_ = monotonic_now();
  loop_.timers().arm(*this, began_ + static_cast<nanoseconds_t>(settings_.timeout_s * nanoseconds_per_second));
  open_more();
  loop_.run();
  result_.after = measure_process(settings_.pid);
  result_.kernel_after_bytes = kernel_memory_bytes();
  if (result_.failure.empty() && result_.open < settings_.sockets)
    result_.failure = std::to_string(settings_.sockets - result_.open) + " sockets were closed";
  return std::move(result_);
}

void idle_run::open_more() {
  constexpr std::uint32_t first_source = (127U << 24U) + (1U << 8U) + 1;  // 127.0.1.1
  while (sockets_.size() < settings_.sockets && sockets_.size() - result_.open < settings_.opening_max) {
    const auto index = static_cast<std::uint32_t>(sockets_.size());
    sockets_.push_back(std::make_unique<idle_socket>(*this, first_source + index / settings_.sockets_per_source));
  }
}

void idle_run::opened() {
  if (++result_.open < settings_.sockets) return open_more();
  settling_ = true;
  const nanoseconds_t now = monotonic_now();
  result_.opening_s = static_cast<double>(now - began_) / nanoseconds_per_second;
  loop_.timers().arm(*this, now + static_cast<nanoseconds_t>(settings_.settle_s * nanoseconds_per_second));
}

void idle_run::failed(std::string why) {
  if (result_.failure.empty()) result_.failure = std::move(why);
  loop_.stop();
}

void idle_run::on_due(nanoseconds_t /*now*/) {
  if (!settling_) result_.failure = "not all sockets could be opened in time";
  loop_.stop();
}

}  // namespace

idle_result run_idle(const idle_settings& settings) {
  return idle_run(settings).run();
}

}  // namespace sluice::bench
