// The face on what is stored, by calls to any agent; what is being written, by calls to its writer.
#pragma once

#include <chrono>

#include "agent/conversation_service.hpp"
#include "agent/rpc_nodes.hpp"

namespace sluice::agent {

class rpc_conversations final : public conversation_service {
 public:
  rpc_conversations(agent_nodes& nodes, agent_places& places, std::chrono::milliseconds deadline)
      : nodes_(nodes), places_(places), deadline_(deadline) {}

  task<result<conversation_page>> list_conversations(caller who, list_conversations_request asked) override;
  task<result<conversation_tree>> read_conversation(caller who, std::string conversation_id, std::string cursor,
                                                    std::uint32_t limit) override;
  task<result<conversation_card>> change_conversation(caller who, std::string conversation_id,
                                                      conversation_change wanted) override;
  task<result<void>> delete_conversation(caller who, std::string conversation_id) override;
  task<result<generation_record>> read_generation(caller who, std::string generation_id) override;
  task<result<std::vector<usage_row>>> read_usage(caller who, std::string from, std::string to) override;

 private:
  task<result<v1::Generation>> read_generation_at(std::string address, v1::ReadGenerationRequest request);

  agent_nodes& nodes_;
  agent_places& places_;
  std::chrono::milliseconds deadline_;
};

}  // namespace sluice::agent
