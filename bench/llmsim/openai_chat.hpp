// OpenAI's chat completions as the simulated provider speaks them.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "bench/llmsim/face.hpp"

namespace sluice::bench {

/// Reads the body of `POST /v1/chat/completions`; the plan of the result is `defaults` with what the model's name says
/// ("sim:tokens=50,rate=20") laid over it. The error says what was wrong.
std::expected<chat_request, std::string> read_openai_chat(std::string_view body, const scenario& defaults);

/// `{"error":{…}}` with the type that OpenAI gives this status.
std::string openai_error_body(int status, std::string_view message);

class openai_chat : public face {
 public:
  explicit openai_chat(const chat_request& request);
  void begin(std::string& to) override;
  void text(std::string& to, std::string_view token) override;
  void reasoning(std::string& to, std::string_view token) override;
  void tool_call_begin(std::string& to, const tool_call& call) override;
  void tool_call_arguments(std::string& to, const tool_call& call, std::string_view fragment) override;
  void finish(std::string& to, std::string_view reason, const token_usage& usage) override;
  void done(std::string& to) override;
  void error_event(std::string& to) override;
  std::string whole(const whole_answer& answer) override;

 private:
  void delta(std::string& to, std::string_view field, std::string_view value);

  std::string chunk_begin_;  // up to the inside of `delta`
  std::string chunk_end_;    // from the end of `delta` on
  std::string identity_;     // "id":…,"created":…,"model":…, without the braces
  bool escape_;
  bool include_usage_;  // in a stream, where it must be asked for
  bool tell_usage_;
};

}  // namespace sluice::bench
