// Conversations, answers and usage in SQL that SQLite and PostgreSQL both understand.
#pragma once

#include "agent/conversation_store.hpp"
#include "store/database.hpp"

namespace sluice::agent {

class conversation_store_sql final : public conversation_store {
 public:
  explicit conversation_store_sql(store::database& in) : database_(in) {}

  /// Brings the schema up to date; before anything else is asked. Blocking.
  result<void> migrate();

  task<result<turn_place>> begin_turn(new_turn added, ended_generations unrecorded) override;
  task<result<std::optional<started>>> claim_key(caller who, request_key key, started begun, time_point now) override;
  task<result<std::optional<started>>> find_begun(caller who, request_key key) override;
  task<result<void>> forget_keys(time_point before) override;
  task<result<std::vector<generation::message>>> read_path(std::string conversation_id, std::string message_id,
                                                           std::uint64_t bytes_max) override;
  task<result<void>> record(ended_generations ended) override;
  task<result<void>> check() override { return database_.check(); }
  result<std::uint64_t> close_interrupted(time_point now) override;
  task<result<std::uint64_t>> close_interrupted_of(std::string owner, time_point now) override;
  task<result<std::vector<std::string>>> list_owners() override;
  task<result<conversation_page>> list_conversations(caller who, list_conversations_request asked) override;
  task<result<conversation_search>> search_further(caller who, conversation_search so_far) override;
  task<result<conversation_tree>> read_conversation(caller who, std::string conversation_id, std::string cursor,
                                                    std::uint32_t limit) override;
  task<result<conversation_card>> change_conversation(caller who, std::string conversation_id,
                                                      conversation_change wanted) override;
  task<result<void>> remove_conversation(caller who, std::string conversation_id) override;
  task<result<stored_generation>> read_generation(caller who, std::string generation_id) override;
  task<result<std::vector<usage_row>>> read_usage(caller who, std::int64_t from_day, std::int64_t to_day) override;
  task<result<usage_report>> report_usage(usage_report_request asked, std::int64_t from_day,
                                          std::int64_t to_day) override;

 private:
  store::database& database_;
};

}  // namespace sluice::agent
