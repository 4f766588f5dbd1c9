#include "agent/rpc_client.hpp"

#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "agent/rpc_conversations.hpp"
#include "agent/rpc_messages.hpp"
#include "agent/rpc_nodes.hpp"
#include "agent/rpc_questions.hpp"
#include "agent/rpc_start.hpp"
#include "async/task_group.hpp"
#include "async/with_deadline.hpp"
#include "generation/content_json.hpp"
#include "generation/mirror.hpp"
#include "rpc/client.hpp"

namespace sluice::agent {
namespace {

using methods = rpc::methods<v1::Agent>;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds seek_pause{200};
constexpr milliseconds seek_pause_max{1'000};

// An answer that is followed here. `log`, `who`, `about` and `worker` never change.
struct followed_answer {
  caller who;
  started about;
  std::shared_ptr<generation::log> log;
  std::size_t worker = 0;
  std::atomic<clock::rep> wanted_at = 0;  // when somebody last came for it
  asio::cancellation_signal stop;         // of its worker
  bool is_stopped = false;
};

class remote_agent final : public service {
 public:
  remote_agent(async::worker_pool& workers, rpc::channel& any, agent_channel_maker make, state::shared_state& in,
               const rpc_client_settings& told, const telemetry::logger& log)
      : workers_(workers), nodes_(any, std::move(make)), places_(in), told_(told), log_(log), shifts_(workers.size()) {}

  task<result<started>> start(start_request asked) override {
    const auto answer = co_await start_on_any(nodes_, std::move(asked), told_.call_deadline);
    if (!answer) co_return std::unexpected(answer.error());
    places_.remember(answer->generation_id(), answer->address());
    co_return from_message(*answer);
  }

  task<result<followed>> follow(caller who, std::string generation_id, std::uint64_t after) override {
    if (auto known = find_followed(generation_id)) {
      if (known->who.user_id != who.user_id) co_return std::unexpected(unknown(generation_id));
      if (known->log->last_number() >= after) co_return followed{.log = known->log, .about = known->about};
      // This node may lag behind the one that the client had the number from.
      if (co_await reaches(known->log, after)) co_return followed{.log = known->log, .about = known->about};
      co_return failure(error_reason::invalid_argument, "after is beyond the last number so far", "after");
    }
    answer_location at = co_await places_.locate(generation_id);
    auto opened = co_await open_stream(nodes_, at.address, who, generation_id, {.from = 0, .known = after},
                                       told_.opening_deadline);
    if (!opened && is_gone(opened.error(), at)) {
      at.address.clear();
      opened = co_await open_stream(nodes_, at.address, who, generation_id, {.from = 0, .known = after},
                                    told_.opening_deadline);
    }
    if (!opened) co_return std::unexpected(as_certain(std::move(opened.error()), at));
    const std::string address = std::move(at.address);
    auto self = std::make_shared<followed_answer>();
    self->who = std::move(who);
    self->about = from_message(opened->first.about());
    generation::mirror into(workers_, generation_id, told_.log_bytes_max);
    self->log = into.source();
    self->worker = async::this_worker();
    self->wanted_at = clock::now().time_since_epoch().count();
    if (auto taken = take_deltas(into, opened->first); !taken) co_return std::unexpected(std::move(taken.error()));
    if (!into.source()->ended()) {
      if (auto known = claim(self)) {  // somebody was quicker; what was opened here is let go
        self = std::move(known);
      } else {
        follow_on(self, std::move(into), std::move(*opened), address);
      }
    }
    if (!co_await reaches(self->log, after))
      co_return failure(error_reason::unavailable, "the answer cannot be read at this moment");
    co_return followed{.log = self->log, .about = self->about};
  }

  task<result<void>> cancel(caller who, std::string generation_id) override {
    answer_location at = co_await places_.locate(generation_id);
    auto done = co_await cancel_at(at.address, who, generation_id);
    if (!done && is_gone(done.error(), at)) {
      at.address.clear();
      done = co_await cancel_at(at.address, who, generation_id);
    }
    if (!done) co_return std::unexpected(as_certain(std::move(done.error()), at));
    co_return result<void>();
  }

  task<result<embedding_answer>> embed(caller who, generation::embedding_request asked) override {
    return embed_on_any(nodes_, std::move(who), std::move(asked), told_.call_deadline);
  }

  task<result<token_count>> count_tokens(caller who, generation::request asked) override {
    return count_tokens_on_any(nodes_, std::move(who), std::move(asked), told_.call_deadline);
  }

  task<result<std::vector<model_card>>> models(caller who) override {
    return list_models_of_any(nodes_, std::move(who), told_.call_deadline);
  }

  void begin() {
    for (std::size_t worker = 0; worker < workers_.size(); ++worker) {
      auto& house = houses_.emplace_back(std::make_unique<async::task_group>(
          workers_[worker].get_executor(), [this](const std::exception_ptr& broken) {
            log_.error("following answers broke", {{"problem", message_of(broken)}});
          }));
      workers_[worker].post([this, worker, &group = *house] { group.spawn(keep_house(worker)); });
    }
  }

  void stop() {
    workers_.run_first(end_everything());
    nodes_.close();
  }

  std::uint64_t followed_now() const {
    const std::scoped_lock lock(mutex_);
    return followed_.size();
  }
  agent_nodes& nodes() { return nodes_; }
  agent_places& places() { return places_; }

 private:
  static error unknown(const std::string& generation_id) {
    return {.reason = error_reason::not_found,
            .message = "there is no generation \"" + generation_id + "\", or it ended too long ago",
            .param = "generation_id"};
  }

  std::shared_ptr<followed_answer> find_followed(const std::string& id) {
    const std::scoped_lock lock(mutex_);
    const auto found = followed_.find(id);
    if (found == followed_.end()) return nullptr;
    found->second->wanted_at = clock::now().time_since_epoch().count();
    return found->second;
  }

  // Of an agent that has left, others have what it stored.
  static bool is_gone(const error& why, const answer_location& at) {
    return !at.address.empty() && why.reason == error_reason::unavailable;
  }
  // One agent does not know it: that is the last word only if no other one may.
  static error as_certain(error why, const answer_location& at) {
    if (at.is_certain || why.reason != error_reason::not_found) return why;
    return away("it cannot be found out at this moment where this answer is written");
  }

  task<result<void>> cancel_at(std::string address, caller who, std::string generation_id) {
    const auto node = nodes_.at(address);
    if (!node) co_return std::unexpected(node.error());
    v1::CancelRequest request;
    *request.mutable_who() = to_message(who);
    request.set_generation_id(std::move(generation_id));
    const auto answer =
        co_await (*node)->answers.call(&methods::Cancel, std::move(request), within(told_.call_deadline));
    if (!answer) co_return std::unexpected(answer.error());
    co_return result<void>();
  }

  // Whether the log has come to `number` within the time that opening may take.
  task<bool> reaches(std::shared_ptr<generation::log> log, std::uint64_t number) {
    if (log->last_number() >= number) co_return true;
    const auto outcome = co_await async::with_deadline(grow_to(log, number), told_.opening_deadline);
    co_return outcome && log->last_number() >= number;
  }
  static task<> grow_to(std::shared_ptr<generation::log> log, std::uint64_t number) {
    async::wakeup growth(co_await asio::this_coro::executor);
    generation::cursor reader(log, 0, growth);
    while (log->last_number() < number && !reader.finished()) {
      while (reader.next(generation::merging::neighbours, 1 << 16)) {
      }
      if (log->last_number() < number && !reader.finished()) co_await growth.wait();
    }
  }

  // One stream for all who read it here: null if that is this one.
  std::shared_ptr<followed_answer> claim(const std::shared_ptr<followed_answer>& self) {
    const std::scoped_lock lock(mutex_);
    const auto [place, is_new] = followed_.emplace(self->log->id(), self);
    if (is_new || place->second->who.user_id != self->who.user_id) return nullptr;
    place->second->wanted_at = clock::now().time_since_epoch().count();
    return place->second;
  }

  void follow_on(const std::shared_ptr<followed_answer>& self, generation::mirror into, opened_stream stream,
                 std::string address) {
    shifts_[self->worker].push_back(self);
    asio::co_spawn(workers_[self->worker].get_executor(),
                   run(self, std::move(into), std::move(stream), std::move(address)),
                   asio::bind_cancellation_slot(self->stop.slot(), [this, self](std::exception_ptr broken) {
                     if (broken && !self->is_stopped)
                       log_.error("following an answer broke", {{"problem", message_of(broken)}});
                     leave(*self);
                   }));
  }

  void leave(const followed_answer& self) {
    places_.forget(self.log->id());
    std::erase_if(shifts_[self.worker], [&](const auto& one) { return one.get() == &self; });
    const std::scoped_lock lock(mutex_);
    forget(self);
  }

  task<> run(std::shared_ptr<followed_answer> self, generation::mirror into, opened_stream stream,
             std::string address) {
    while (!into.source()->ended()) {
      auto next = co_await stream.rest.read();
      if (next && *next) {
        if (auto taken = take_deltas(into, **next); !taken) into.end(broken_off(std::move(taken.error())));
        continue;
      }
      stream.rest.cancel();
      auto again = co_await seek(*self, into, address);
      if (!again) {
        log_.warning(
            "an agent was lost with an answer",
            {{"generation_id", into.source()->id()}, {"address", address}, {"problem", again.error().message}});
        into.end(broken_off(away("the server that wrote this answer was lost")));
        break;
      }
      stream = std::move(*again);
    }
  }

  static generation::finish broken_off(error why) {
    return {.status = generation::status::failed, .problem = std::move(why)};
  }

  // Until somebody has it, or it is certain that nobody has: the lease of its agent has run out. With shared state away
  // nothing is certain, and the agent is tried where it was.
  task<result<opened_stream>> seek(followed_answer& self, generation::mirror& into, std::string& address) {
    const std::string id = into.source()->id();
    const auto until = clock::now() + told_.lost_after;
    steady_timer timer(co_await asio::this_coro::executor);
    error last = away("the agent is gone");
    for (milliseconds pause = seek_pause; clock::now() < until; pause = std::min(pause * 2, seek_pause_max)) {
      const auto found = co_await places_.look_up(id);
      const bool is_nowhere = found && !*found;
      if (found && *found) address = (*found)->address;
      const std::uint64_t from = into.source()->last_number();
      auto opened = co_await open_stream(nodes_, is_nowhere ? std::string() : address, self.who, id,
                                         {.from = from, .known = from}, told_.opening_deadline);
      if (opened) {
        // What is stored of an interrupted answer is less than what was read here: only how it ended counts.
        if (is_nowhere && ends_as_failure(opened->first)) opened->first.clear_ranges();
        if (auto taken = take_deltas(into, opened->first); !taken) co_return std::unexpected(std::move(taken.error()));
        co_return std::move(*opened);
      }
      last = std::move(opened.error());
      if (is_nowhere) break;
      timer.expires_after(pause);
      co_await timer.async_wait(use_task);
    }
    co_return std::unexpected(std::move(last));
  }

  task<> keep_house(std::size_t worker) {
    steady_timer timer(workers_[worker].get_executor());
    for (;;) {
      timer.expires_after(told_.housekeeping);
      co_await timer.async_wait(use_task);
      let_go_of_abandoned(worker);
      if (worker != 0) continue;
      places_.forget_old();
      nodes_.drop_unused(told_.channel_kept);
    }
  }

  void let_go_of_abandoned(std::size_t worker) {
    for (const auto& one : std::vector(shifts_[worker])) {
      if (!one->is_stopped && forget_abandoned(*one)) stop(*one);
    }
  }

  // Under the lock under which others come for it, so that nobody is given what is about to be stopped.
  bool forget_abandoned(followed_answer& one) {
    const auto now = clock::now();
    const std::scoped_lock lock(mutex_);
    const clock::time_point wanted{clock::duration(one.wanted_at.load())};
    if (one.log->followers() != 0) {
      one.wanted_at = now.time_since_epoch().count();
      return false;
    }
    if (now - wanted < told_.abandoned_after) return false;
    forget(one);
    return true;
  }

  void forget(const followed_answer& one) {
    const auto found = followed_.find(one.log->id());
    if (found != followed_.end() && found->second.get() == &one) followed_.erase(found);
  }

  void stop(followed_answer& one) {
    {
      const std::scoped_lock lock(mutex_);
      forget(one);
    }
    one.is_stopped = true;
    one.stop.emit(asio::cancellation_type::terminal);
  }

  task<> end_everything() {
    for (std::size_t worker = 0; worker < houses_.size(); ++worker)
      co_await asio::co_spawn(workers_[worker].get_executor(), end_shift(worker), use_task);
  }
  task<> end_shift(std::size_t worker) {
    houses_[worker]->cancel();
    co_await houses_[worker]->join();
    steady_timer timer(workers_[worker].get_executor());
    for (const auto& one : std::vector(shifts_[worker]))
      stop(*one);
    while (!shifts_[worker].empty()) {
      timer.expires_after(milliseconds(1));
      co_await timer.async_wait(use_task);
    }
  }

  async::worker_pool& workers_;
  agent_nodes nodes_;
  agent_places places_;
  const rpc_client_settings& told_;
  telemetry::logger log_;
  std::vector<std::vector<std::shared_ptr<followed_answer>>> shifts_;  // by worker, touched there
  std::vector<std::unique_ptr<async::task_group>> houses_;             // by worker
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<followed_answer>> followed_;
};

}  // namespace

struct rpc_client::parts {
  parts(async::worker_pool& workers, rpc::channel& any, agent_channel_maker make, state::shared_state& in,
        rpc_client_settings with, const telemetry::logger& log)
      : told(with),
        over(any),
        agents(workers, any, std::move(make), in, told, log),
        conversations(agents.nodes(), agents.places(), told.call_deadline) {}

  const rpc_client_settings told;
  rpc::channel& over;
  remote_agent agents;
  rpc_conversations conversations;
};

rpc_client::rpc_client(async::worker_pool& workers, rpc::channel& any, agent_channel_maker make_channel,
                       state::shared_state& in, rpc_client_settings told, const telemetry::logger& log)
    : parts_(std::make_unique<parts>(workers, any, std::move(make_channel), in, told, log)) {}

rpc_client::~rpc_client() = default;

service& rpc_client::face() {
  return parts_->agents;
}

conversation_service& rpc_client::stored() {
  return parts_->conversations;
}

void rpc_client::begin() {
  parts_->agents.begin();
}

void rpc_client::stop() {
  parts_->agents.stop();
}

std::uint64_t rpc_client::followed_now() const {
  return parts_->agents.followed_now();
}

task<result<void>> rpc_client::check(std::chrono::milliseconds limit) {
  return parts_->over.check(limit);
}

}  // namespace sluice::agent
