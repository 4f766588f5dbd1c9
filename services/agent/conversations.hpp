// The rules of what is stored: who may read and change it, and how far.
#pragma once

#include <atomic>

#include "agent/agent.hpp"
#include "agent/conversation_service.hpp"
#include "agent/conversation_store.hpp"
#include "agent/generation_leases.hpp"

namespace sluice::agent {

class conversations final : public conversation_service {
 public:
  conversations(conversation_store& store, agent& generations) : store_(store), generations_(generations) {}

  /// From now on the other agents hear of what is deleted here. `leases` outlives this.
  void join(generation_leases& leases) { leases_.store(&leases); }

  task<result<conversation_page>> list_conversations(caller who, list_conversations_request asked) override;
  task<result<conversation_tree>> read_conversation(caller who, std::string conversation_id, std::string cursor,
                                                    std::uint32_t limit) override;
  task<result<conversation_card>> change_conversation(caller who, std::string conversation_id,
                                                      conversation_change wanted) override;
  task<result<void>> delete_conversation(caller who, std::string conversation_id) override;
  task<result<generation_record>> read_generation(caller who, std::string generation_id) override;
  task<result<std::vector<usage_row>>> read_usage(caller who, std::string from, std::string to) override;

 private:
  task<result<conversation_page>> search(caller who, list_conversations_request asked);

  search_places searches_;
  conversation_store& store_;
  agent& generations_;
  std::atomic<generation_leases*> leases_ = nullptr;
};

}  // namespace sluice::agent
