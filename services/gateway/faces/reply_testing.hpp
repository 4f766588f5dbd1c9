// For tests of what faces write: a log, and what a writer makes of it.
#pragma once

#include <future>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "async/wakeup.hpp"
#include "async/worker_pool.hpp"
#include "gateway/faces/answering.hpp"
#include "http/sse_parser.hpp"

namespace sluice::gateway::testing {

struct event {
  std::string name;
  std::string id;
  std::string data;
};

inline std::vector<event> read_events(std::string bytes) {
  http::sse_parser parser(1 << 20);
  bytes.reserve(bytes.size() + 64);
  parser.feed(bytes);
  std::vector<event> events;
  while (const auto one = parser.next())
    events.push_back({std::string(one->name), std::string(one->id), std::string(one->data)});
  return events;
}

class reply_test : public ::testing::Test {
 protected:
  reply_test() : source(std::make_shared<generation::log>(workers, "gen_01ABC", 1 << 20)) { workers.start(); }

  /// The events of the whole stream.
  std::vector<event> stream_with(answer_writer& writer) { return read_events(written_with(writer)); }
  /// Its bytes.
  std::string written_with(answer_writer& writer) {
    std::promise<std::string> written;
    workers[0].post([&] {
      std::string out;
      async::wakeup growth(workers[0].get_executor());
      generation::cursor reader(source, 0, growth);
      while (const auto found = reader.next(generation::merging::neighbours, 1 << 16)) {
        if (found->kind != generation::delta_kind::finish) {
          writer.append_delta(out, *source, *found);
        } else if (source->ending().problem) {
          writer.append_failure(out, *source->ending().problem, found->last);
        } else {
          writer.append_end(out, source->ending(), found->last);
        }
      }
      written.set_value(std::move(out));
    });
    return written.get_future().get();
  }
  void call_tool(std::uint32_t index, std::string_view id, std::string_view name, std::string_view arguments) {
    std::string fragment;
    generation::encode_tool_call(fragment, {.index = index, .id = id, .name = name, .arguments = arguments});
    source->append(generation::delta_kind::tool_call, fragment);
  }

  async::worker_pool workers{1};
  std::shared_ptr<generation::log> source;
};

}  // namespace sluice::gateway::testing
