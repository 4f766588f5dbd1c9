// Both tools together, without sockets: what the simulated provider would send is fed to what the load generator reads.
#include "bench/loadgen/exchange.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "bench/llmsim/openai_chat.hpp"
#include "bench/llmsim/packet_cutter.hpp"
#include "bench/llmsim/provider.hpp"
#include "bench/loadgen/websocket_frames.hpp"

namespace sluice::bench {
namespace {

scenario plan_of(std::string_view description) {
  scenario plan;
  EXPECT_TRUE(plan.apply(description).has_value()) << description;
  return plan;
}

// All packets of the answer to `request`, each as the plan cuts it.
std::vector<std::string> packets_for(provider& asked, std::string_view request, const scenario& plan) {
  http_reader reader;
  EXPECT_EQ(reader.feed(request), http_reader::state::complete);
  const provider::answer answer = asked.respond(reader, reader.body());
  std::vector<std::string> packets;
  packet_cutter cutter(plan);
  for (packet_step step; answer.stream != nullptr && step.then == after_packet::proceed;) {
    std::string bytes;
    step = answer.stream->next(bytes);
    for (std::string_view rest(bytes); !rest.empty();) {
      const std::size_t size = cutter.next(rest);
      packets.emplace_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
  }
  return packets;
}

// What the load generator has to say about an answer of this plan.
std::string failure_of(client_face face, std::string_view description, std::size_t* packet_count = nullptr) {
  const scenario plan = plan_of(description);
  provider asked({.plan = plan});
  const exchange_settings settings{.face = face, .host = "a", .path = "/v1/chat/completions", .plan = plan};
  const auto client = make_exchange(settings);
  std::string request;
  client->open(request);
  client->begin(request, 7);
  const std::vector<std::string> packets = packets_for(asked, request, plan);
  if (packet_count != nullptr) *packet_count = packets.size();
  std::string out;
  for (std::string packet : packets)
    client->feed(packet, out);
  if (client->busy()) client->peer_closed();
  if (client->failure().empty()) {
    EXPECT_EQ(client->tokens(), plan.tokens + plan.reasoning);
  }
  return client->failure();
}

TEST(Exchange, AcceptsEveryAnswerHoweverItIsCut) {
  for (const client_face face : {client_face::json, client_face::sse})
    for (const std::string_view text : {"words", "unicode"})
      for (const std::string_view escape : {"no", "yes"})
        for (const std::string_view split : {"none", "every", "character", "1", "100", "333", "1000"}) {
          const std::string plan = "reasoning=3,text=" + std::string(text) + ",escape=" + std::string(escape) +
                                   ",split=" + std::string(split);
          EXPECT_EQ(failure_of(face, plan), "") << plan;
        }
}

TEST(Exchange, AcceptsAnAnswerCutAtAnyByte) {
  constexpr std::string_view plan = "tokens=2,size=3,text=unicode,split=";
  const std::size_t bytes = [&] {
    std::size_t count = 0;
    EXPECT_EQ(failure_of(client_face::sse, std::string(plan) + "every", &count), "");
    return count;
  }();
  for (std::size_t offset = 1; offset < bytes; ++offset)
    ASSERT_EQ(failure_of(client_face::sse, std::string(plan) + std::to_string(offset)), "") << offset;
}

TEST(Exchange, FindsEveryWrongAnswer) {
  for (const client_face face : {client_face::json, client_face::sse})
    for (const std::string_view fault : {"alter", "drop", "repeat", "cut", "garbage", "429", "refuse", "garbage_http"})
      EXPECT_NE(failure_of(face, "fault=" + std::string(fault)), "") << fault;
  for (const std::string_view fault : {"cut_clean", "cut_event", "error_event", "invalid_utf8", "no_done"})
    EXPECT_NE(failure_of(client_face::sse, "fault=" + std::string(fault)), "") << fault;
}

TEST(Exchange, FindsAFaultInTheFirstAndTheLastToken) {
  for (const std::string_view after : {"0", "19"})
    for (const std::string_view fault : {"alter", "drop", "repeat"})
      EXPECT_NE(failure_of(client_face::sse, "fault=" + std::string(fault) + ",after=" + std::string(after)), "")
          << fault << " after " << after;
}

std::string server_frame(std::string_view text) {
  std::string frame = "\x81";
  frame += static_cast<char>(126);
  frame += static_cast<char>(text.size() >> 8U);
  frame += static_cast<char>(text.size());
  return frame += text;
}

TEST(Exchange, HoldsTheFullDialectToItsNumbers) {
  const exchange_settings settings{
      .face = client_face::ws_full, .host = "a", .path = "/chat", .plan = plan_of("tokens=2")};
  const std::string upgrade =
      "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
  for (const int second : {2, 1}) {
    const auto client = make_exchange(settings);
    std::string out;
    client->open(out);
    std::string in = upgrade + server_frame(R"({"type":"hello","payload":{}})");
    client->feed(in, out);
    ASSERT_TRUE(client->ready());
    client->begin(out, 0);
    std::string message("0000000000000000 ");
    message.resize(settings.message_bytes, 'a');
    answer_text text(settings.plan, answer_text::part::text, seed_of(message), message);
    for (const int sequence : {1, second})
      in += server_frame(R"({"type":"chat","id":"r0","generation_id":"g","seq":)" + std::to_string(sequence) +
                         R"(,"payload":{"type":"text","content":")" + std::string(text.next()) + "\"}}");
    in += server_frame(R"({"type":"done","id":"r0","generation_id":"g","seq":3,"payload":{}})");
    client->feed(in, out);
    EXPECT_EQ(client->failure().empty(), second == 2) << client->failure();
  }
}

}  // namespace
}  // namespace sluice::bench
