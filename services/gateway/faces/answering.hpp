// What the faces for SDKs have in common: one HTTP request asks for one answer, and has it whole or as a stream of
// server-sent events. What differs is the words.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "agent/agent_service.hpp"
#include "async/task.hpp"
#include "door/admission.hpp"
#include "gateway/settings.hpp"
#include "generation/cursor.hpp"
#include "http/exchange.hpp"

namespace sluice::gateway {

/// What the handlers of a face need; all of it outlives them.
struct face_uses {
  agent::service& agents;
  door::admission& door;
  const settings& told;
};

/// Writes one answer in the words of one dialect. No I/O.
class answer_writer {
 public:
  virtual ~answer_writer() = default;

  /// Of a stream. Server-sent events, unless the dialect has another form too.
  virtual std::string_view content_type() const { return "text/event-stream; charset=utf-8"; }
  /// Appends the events of what was found, with those that open the stream if it was not opened. Kinds that the dialect
  /// cannot say append nothing.
  virtual void append_delta(std::string& out, const generation::log& source, const generation::run& found) = 0;
  /// Appends the events that end a complete stream. `seq`: the number of the last delta.
  virtual void append_end(std::string& out, const generation::finish& how, std::uint64_t seq) = 0;
  /// Appends the event that ends a stream which failed or was cancelled; nothing follows it.
  virtual void append_failure(std::string& out, const error& problem, std::uint64_t seq) = 0;
  /// Appends what shows on a silent stream that the server is there: a comment, unless the dialect has its own.
  virtual void append_sign_of_life(std::string& out);

  /// The body of a complete answer that was not streamed.
  virtual std::string whole(const generation::log& source) = 0;
};

/// An error as a face words it, with the status that fits.
using refusal = http::response (*)(const error& problem);
/// What was begun is said by this one.
using writer_maker = std::function<std::unique_ptr<answer_writer>(const agent::started& begun)>;

/// Answers. A client that is gone is nothing to the one who does.
task<> send(http::exchange& with, http::response reply);

struct received_body {
  std::shared_ptr<const door::principal> who;
  boost::json::object body;
};

/// Whose request it is, and its body, which must be a JSON object. Where that cannot be had the client was told, and
/// there is nothing.
task<std::optional<received_body>> receive_body(const face_uses& uses, http::exchange& with, refusal refuse);

/// The models that the client may ask for. Where they cannot be had the client was told, and there is nothing.
task<std::optional<std::vector<agent::model_card>>> find_models(const face_uses& uses, http::exchange& with,
                                                                refusal refuse);
/// The one that the path names: the parameter `model`, behind `provider` where the route has one. Likewise.
task<std::optional<agent::model_card>> find_model(const face_uses& uses, http::exchange& with, refusal refuse);

/// Says of an answer about tokens that nobody who knows has counted them: `estimated`.
inline constexpr std::string_view count_header = "x-sluice-token-count";

/// How many tokens it would be as input. Where that cannot be had the client was told, and there is nothing.
task<std::optional<std::int64_t>> count(const face_uses& uses, http::exchange& with, const door::principal& who,
                                        generation::request asked, refusal refuse);

/// Has it answered. A failure before the first delta is an HTTP error with the status that fits; after it, the event
/// that ends a stream. A client that goes away cancels its generation. `asked.streamed` says how the answer is wanted.
task<> answer(const face_uses& uses, http::exchange& with, const door::principal& who, generation::request asked,
              refusal refuse, writer_maker make_writer);

}  // namespace sluice::gateway
