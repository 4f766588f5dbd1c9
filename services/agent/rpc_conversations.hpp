// The face on what is stored, by calls to any agent.
#pragma once

#include <chrono>

#include "agent/conversation_service.hpp"
#include "agent/v1/conversations.grpc.pb.h"
#include "rpc/client.hpp"

namespace sluice::agent {

class rpc_conversations final : public conversation_service {
 public:
  rpc_conversations(rpc::channel& over, std::chrono::milliseconds deadline) : node_(over), deadline_(deadline) {}

  task<result<conversation_page>> list_conversations(caller who, list_conversations_request asked) override;
  task<result<conversation_tree>> read_conversation(caller who, std::string conversation_id, std::string cursor,
                                                    std::uint32_t limit) override;
  task<result<conversation_card>> change_conversation(caller who, std::string conversation_id,
                                                      conversation_change wanted) override;
  task<result<void>> delete_conversation(caller who, std::string conversation_id) override;
  task<result<generation_record>> read_generation(caller who, std::string generation_id) override;
  task<result<std::vector<usage_row>>> read_usage(caller who, std::string from, std::string to) override;

 private:
  rpc::client<v1::Conversations> node_;
  std::chrono::milliseconds deadline_;
};

}  // namespace sluice::agent
