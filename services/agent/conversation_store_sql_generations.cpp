// How generations ended, and what they consumed.
#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>
#include <fmt/chrono.h>

#include "agent/conversation_store_sql.hpp"
#include "agent/conversation_store_sql_rows.hpp"
#include "base/utf8.hpp"
#include "generation/content_json.hpp"

namespace sluice::agent {
namespace sql {
namespace {

constexpr long long day_ms = 86'400'000;

struct usage_event {
  std::string generation_id;
  long long attempt = 1;
  caller who;
  std::string model;
  std::string provider;
  std::string provider_model;
  std::string status;
  generation::usage used;
  std::optional<std::int64_t> cost_nano_usd;
  long long ended_at_ms = 0;
  long long total_ms = 0;
};

// One statement, prepared once for as many events as there are.
class usage_inserter {
 public:
  explicit usage_inserter(soci::session& in)
      : insert_((in.prepare << "INSERT INTO usage_events (generation_id, attempt, user_id, key_id, model, provider,"
                               " provider_model, status, input_tokens, cached_tokens, cache_write_tokens,"
                               " input_audio_tokens, output_tokens, reasoning_tokens, output_audio_tokens,"
                               " accepted_prediction_tokens, rejected_prediction_tokens, source, cost_nano_usd,"
                               " ended_at_ms, total_ms) VALUES (:id, :attempt, :user, :key, :model, :provider,"
                               " :provider_model, :status, :input, :cached, :cache_write, :input_audio, :output,"
                               " :reasoning, :output_audio, :accepted, :rejected, :source, :cost, :ended, :total)"
                               " ON CONFLICT (generation_id, attempt) DO UPDATE SET provider = excluded.provider,"
                               " provider_model = excluded.provider_model, status = excluded.status,"
                               " input_tokens = excluded.input_tokens, cached_tokens = excluded.cached_tokens,"
                               " cache_write_tokens = excluded.cache_write_tokens,"
                               " input_audio_tokens = excluded.input_audio_tokens,"
                               " output_tokens = excluded.output_tokens, reasoning_tokens = excluded.reasoning_tokens,"
                               " output_audio_tokens = excluded.output_audio_tokens,"
                               " accepted_prediction_tokens = excluded.accepted_prediction_tokens,"
                               " rejected_prediction_tokens = excluded.rejected_prediction_tokens,"
                               " source = excluded.source, cost_nano_usd = excluded.cost_nano_usd,"
                               " ended_at_ms = excluded.ended_at_ms, total_ms = excluded.total_ms"
                               // What was written first holds, unless it was the word of others on a lost agent.
                               " WHERE usage_events.status = 'interrupted' AND excluded.status <> 'interrupted'",
                 soci::use(event_.generation_id), soci::use(event_.attempt), soci::use(event_.who.user_id),
                 soci::use(event_.who.key_id), soci::use(event_.model), soci::use(event_.provider),
                 soci::use(event_.provider_model), soci::use(event_.status), soci::use(counts_[0]),
                 soci::use(counts_[1]), soci::use(counts_[2]), soci::use(counts_[3]), soci::use(counts_[4]),
                 soci::use(counts_[5]), soci::use(counts_[6]), soci::use(counts_[7]), soci::use(counts_[8]),
                 soci::use(source_), soci::use(cost_, has_cost_), soci::use(event_.ended_at_ms),
                 soci::use(event_.total_ms))) {}
  usage_inserter(const usage_inserter&) = delete;
  usage_inserter& operator=(const usage_inserter&) = delete;

  void insert(usage_event event) {
    event_ = std::move(event);
    const generation::usage& used = event_.used;
    counts_ = {used.input_tokens,
               used.cached_tokens,
               used.cache_write_tokens,
               used.input_audio_tokens,
               used.output_tokens,
               used.reasoning_tokens,
               used.output_audio_tokens,
               used.accepted_prediction_tokens,
               used.rejected_prediction_tokens};
    source_ = to_string(used.source);
    cost_ = event_.cost_nano_usd.value_or(0);
    has_cost_ = event_.cost_nano_usd ? soci::i_ok : soci::i_null;
    insert_.execute(true);
  }

 private:
  // What the statement is bound to.
  usage_event event_;
  std::array<long long, 9> counts_{};
  std::string source_;
  long long cost_ = 0;
  soci::indicator has_cost_ = soci::i_null;
  soci::statement insert_;
};

void update_answer(soci::session& in, const ended_generation& ended) {
  const std::string status(to_string(ended.how.status));
  const std::string ending = boost::json::serialize(generation::to_json(ended.how));
  const auto last = static_cast<long long>(ended.last_number);
  const long long at = to_ms(ended.ended_at);
  // The conversation first, as all do that change it and what is in it: nobody waits in a circle.
  in << "UPDATE conversations SET updated_at_ms = :at WHERE id = :id AND updated_at_ms < :then", soci::use(at),
      soci::use(ended.conversation_id), soci::use(at);
  soci::statement update = (in.prepare << "UPDATE generations SET status = :status, ending = :ending,"
                                          " provider = :provider, last_number = :last, ended_at_ms = :at"
                                          " WHERE id = :id AND status IN ('running', 'interrupted')",
                            soci::use(status), soci::use(ending), soci::use(ended.how.provider), soci::use(last),
                            soci::use(at), soci::use(ended.id));
  update.execute(true);
  if (update.get_affected_rows() == 0) return;  // recorded before, or deleted meanwhile
  const message_columns columns = columns_of(ended.answer);
  in << "UPDATE messages SET status = :status, words = :words, body = :body, context_bytes = :bytes WHERE id = :id",
      soci::use(status), soci::use(columns.words), soci::use(columns.body), soci::use(columns.context_bytes),
      soci::use(ended.message_id);
}

// Generations that are not, or no longer, written by anybody.
struct left_behind {
  std::string owner;  // of this one
  long long all = 0;  // 1: of everybody
};

std::vector<usage_event> select_running(soci::session& in, const left_behind& whose, long long now) {
  usage_event row;
  std::vector<usage_event> running;
  soci::statement select =
      (in.prepare << "SELECT id, user_id, key_id, model, provider, created_at_ms FROM generations"
                     " WHERE status = 'running' AND (owner = :owner OR :all = 1)",
       soci::use(whose.owner), soci::use(whose.all), soci::into(row.generation_id), soci::into(row.who.user_id),
       soci::into(row.who.key_id), soci::into(row.model), soci::into(row.provider), soci::into(row.total_ms));
  select.execute();
  while (select.fetch()) {
    usage_event& event = running.emplace_back(row);
    event.status = "interrupted";
    event.ended_at_ms = now;
    event.total_ms = std::max(now - row.total_ms, 0LL);
  }
  return running;
}

// One by one, and only what is running still: its agent may be alive after all, and have ended it this moment.
result<std::uint64_t> mark_interrupted(soci::session& in, const left_behind& whose, long long now) {
  const std::vector<usage_event> running = select_running(in, whose, now);
  usage_inserter usage(in);
  std::uint64_t marked = 0;
  for (const usage_event& event : running) {
    soci::statement update = (in.prepare << "UPDATE generations SET status = 'interrupted', ended_at_ms = :now"
                                            " WHERE id = :id AND status = 'running'",
                              soci::use(now), soci::use(event.generation_id));
    update.execute(true);
    if (update.get_affected_rows() == 0) continue;
    in << "UPDATE messages SET status = 'interrupted' WHERE id ="
          " (SELECT message_id FROM generations WHERE id = :id)",
        soci::use(event.generation_id);
    usage.insert(event);
    ++marked;
  }
  return marked;
}

result<stored_generation> select_answer(soci::session& in, const caller& who, const std::string& id) {
  stored_generation read;
  std::string ending;
  std::string words;
  std::string body;
  long long last = 0;
  in << "SELECT g.conversation_id, g.message_id, g.model, g.provider, g.status, g.ending, g.last_number, m.words,"
        " m.body FROM generations g JOIN messages m ON m.id = g.message_id WHERE g.id = :id AND g.user_id = :user",
      soci::into(read.about.conversation_id), soci::into(read.about.message_id), soci::into(read.about.model),
      soci::into(read.about.provider), soci::into(read.about.status), soci::into(ending), soci::into(last),
      soci::into(words), soci::into(body), soci::use(id), soci::use(who.user_id);
  if (!in.got_data()) return failure(error_reason::not_found, "");
  read.about.id = id;
  read.last_number = static_cast<std::uint64_t>(last);
  auto answer = message_of("assistant", words, body);
  if (!answer) return std::unexpected(std::move(answer.error()));
  read.answer = std::move(*answer);
  if (!ending.empty()) {
    auto how = generation::parse_finish(ending);
    if (!how) return std::unexpected(std::move(how.error()));
    read.about.usage = how->usage;
    read.about.attempts = how->attempts;
    read.how = std::move(*how);
  }
  return read;
}

// What is left of one without conversation, or of one whose conversation was deleted.
result<stored_generation> select_consumed(soci::session& in, const caller& who, const std::string& id) {
  stored_generation read;
  std::array<long long, 5> counts{};
  std::string source;
  in << "SELECT model, provider, status, attempt, input_tokens, cached_tokens, output_tokens, reasoning_tokens, source"
        " FROM usage_events WHERE generation_id = :id AND user_id = :user ORDER BY attempt DESC LIMIT 1",
      soci::into(read.about.model), soci::into(read.about.provider), soci::into(read.about.status),
      soci::into(counts[0]), soci::into(counts[1]), soci::into(counts[2]), soci::into(counts[3]), soci::into(counts[4]),
      soci::into(source), soci::use(id), soci::use(who.user_id);
  if (!in.got_data()) {
    return failure(error_reason::not_found, fmt::format("there is no generation \"{}\"", clip(id, 64)),
                   "generation_id");
  }
  read.about.id = id;
  read.about.attempts = static_cast<std::uint32_t>(counts[0]);
  generation::usage used{
      .input_tokens = counts[1], .cached_tokens = counts[2], .output_tokens = counts[3], .reasoning_tokens = counts[4]};
  used.source = source == "provider"  ? generation::usage_source::provider
                : source == "counted" ? generation::usage_source::counted
                                      : generation::usage_source::estimated;
  read.about.usage = used;
  return read;
}

std::string day_name(long long day) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(day * (day_ms / 1000))));
}

result<std::vector<usage_row>> sum_usage(soci::session& in, const caller& who, long long from_day, long long to_day) {
  const long long from = from_day * day_ms;
  const long long until = (to_day + 1) * day_ms;
  usage_row row;
  long long day = 0;
  long long requests = 0;
  long long failed = 0;
  long long unsure = 0;
  std::array<long long, 5> counts{};
  soci::statement select =
      (in.prepare << "SELECT ended_at_ms / 86400000, model, provider, COUNT(DISTINCT generation_id),"
                     " SUM(CASE WHEN status IN ('failed', 'interrupted') THEN 1 ELSE 0 END),"
                     " SUM(CASE WHEN source = 'provider' THEN 0 ELSE 1 END), SUM(input_tokens), SUM(cached_tokens),"
                     " SUM(cache_write_tokens), SUM(output_tokens), SUM(reasoning_tokens) FROM usage_events"
                     " WHERE user_id = :user AND ended_at_ms >= :from AND ended_at_ms < :until"
                     " GROUP BY 1, model, provider ORDER BY 1, model, provider",
       soci::into(day), soci::into(row.model), soci::into(row.provider), soci::into(requests), soci::into(failed),
       soci::into(unsure), soci::into(counts[0]), soci::into(counts[1]), soci::into(counts[2]), soci::into(counts[3]),
       soci::into(counts[4]), soci::use(who.user_id), soci::use(from), soci::use(until));
  select.execute();
  std::vector<usage_row> rows;
  while (select.fetch()) {
    row.day = day_name(day);
    row.requests = static_cast<std::uint64_t>(requests);
    row.failed = static_cast<std::uint64_t>(failed);
    row.tokens = {.input_tokens = counts[0],
                  .cached_tokens = counts[1],
                  .cache_write_tokens = counts[2],
                  .output_tokens = counts[3],
                  .reasoning_tokens = counts[4]};
    row.tokens.source = unsure == 0 ? generation::usage_source::provider : generation::usage_source::estimated;
    rows.push_back(row);
  }
  return rows;
}

// An attempt that said nothing used nothing, as far as its provider says. What one that was cut off for its silence had
// read by then nobody says.
usage_event make_event(const ended_generation& of, const generation::failed_attempt& failed, long long attempt) {
  const bool is_unsure = failed.reason == error_reason::timed_out;
  return {.generation_id = of.id,
          .attempt = attempt,
          .who = of.who,
          .model = of.model,
          .provider = failed.provider,
          .provider_model = failed.provider_model,
          .status = "retried",
          .used = {.source = is_unsure ? generation::usage_source::estimated : generation::usage_source::provider},
          .cost_nano_usd = {},
          .ended_at_ms = to_ms(of.ended_at),
          .total_ms = failed.total.count()};
}

}  // namespace

void record_generations(soci::session& in, const ended_generations& ended) {
  usage_inserter usage(in);
  for (const auto& one : ended) {
    long long attempt = 0;
    for (const generation::failed_attempt& failed : one->how.earlier)
      usage.insert(make_event(*one, failed, ++attempt));
    usage.insert({.generation_id = one->id,
                  .attempt = std::max<long long>(one->how.attempts, 1),
                  .who = one->who,
                  .model = one->model,
                  .provider = one->how.provider,
                  .provider_model = one->how.provider_model,
                  .status = std::string(to_string(one->how.status)),
                  .used = one->how.usage,
                  .cost_nano_usd = one->how.cost_nano_usd,
                  .ended_at_ms = to_ms(one->ended_at),
                  .total_ms = one->how.total.count()});
    if (!one->conversation_id.empty()) update_answer(in, *one);
  }
}

}  // namespace sql

task<result<void>> conversation_store_sql::record(ended_generations ended) {
  // What belongs to no conversation is stored nowhere else: its usage need not wait for the disk.
  const bool has_answers = std::ranges::any_of(ended, [](const auto& one) { return !one->conversation_id.empty(); });
  co_return co_await database_.write(
      [ended = std::move(ended)](soci::session& in) -> result<void> {
        sql::record_generations(in, ended);
        return {};
      },
      has_answers ? store::durability::disk : store::durability::process);
}

result<std::uint64_t> conversation_store_sql::close_interrupted(time_point now) {
  return database_.write_now(
      [now](soci::session& in) { return sql::mark_interrupted(in, {.all = 1}, sql::to_ms(now)); });
}

task<result<std::uint64_t>> conversation_store_sql::close_interrupted_of(std::string owner, time_point now) {
  co_return co_await database_.write([owner = std::move(owner), now](soci::session& in) {
    return sql::mark_interrupted(in, {.owner = owner}, sql::to_ms(now));
  });
}

task<result<std::vector<std::string>>> conversation_store_sql::list_owners() {
  co_return co_await database_.read([](soci::session& in) -> result<std::vector<std::string>> {
    std::vector<std::string> owners;
    const soci::rowset<std::string> rows =
        (in.prepare << "SELECT DISTINCT owner FROM generations WHERE status = 'running' AND owner <> ''");
    for (const std::string& each : rows)
      owners.push_back(each);
    return owners;
  });
}

task<result<stored_generation>> conversation_store_sql::read_generation(caller who, std::string generation_id) {
  co_return co_await database_.read(
      [who = std::move(who), id = std::move(generation_id)](soci::session& in) -> result<stored_generation> {
        auto answer = sql::select_answer(in, who, id);
        if (answer || answer.error().reason != error_reason::not_found) return answer;
        return sql::select_consumed(in, who, id);
      });
}

task<result<std::vector<usage_row>>> conversation_store_sql::read_usage(caller who, std::int64_t from_day,
                                                                        std::int64_t to_day) {
  co_return co_await database_.read([who = std::move(who), from_day, to_day](soci::session& in) {
    return sql::sum_usage(in, who, from_day, to_day);
  });
}

}  // namespace sluice::agent
