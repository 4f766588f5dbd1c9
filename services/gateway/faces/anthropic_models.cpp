#include "gateway/faces/anthropic_models.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "gateway/faces/anthropic_errors.hpp"

namespace sluice::gateway::anthropic {
namespace {

namespace json = boost::json;

constexpr std::size_t page_size = 20;  // Anthropic's own default, and
constexpr std::size_t page_size_max = 1000;

json::object card_of(const agent::model_card& model) {
  // Nobody here knows when a model was made; Anthropic writes the epoch for that.
  return {{"type", "model"}, {"id", model.name}, {"display_name", model.name}, {"created_at", "1970-01-01T00:00:00Z"}};
}

}  // namespace

task<> list_models(face_uses uses, http::exchange& with) {
  const auto models = co_await find_models(uses, with, error_response);
  if (!models) co_return;
  std::size_t size = page_size;
  if (const auto limit = with.request().query_parameter("limit"))
    std::from_chars(limit->data(), limit->data() + limit->size(), size);
  size = std::clamp<std::size_t>(size, 1, page_size_max);
  const auto place_of = [&](std::string_view parameter) -> std::optional<std::size_t> {
    const auto id = with.request().query_parameter(parameter);
    const auto found = id ? std::ranges::find(*models, *id, &agent::model_card::name) : models->end();
    if (found == models->end()) return std::nullopt;
    return static_cast<std::size_t>(found - models->begin());
  };
  std::size_t first = 0;
  std::size_t last = models->size();
  if (const auto after = place_of("after_id")) first = *after + 1;
  const auto before = place_of("before_id");
  if (before) last = std::max(first, *before);
  const bool has_more = last - first > size;
  if (has_more && before) {
    first = last - size;
  } else if (has_more) {
    last = first + size;
  }
  json::array list;
  for (std::size_t at = first; at < last; ++at)
    list.push_back(card_of((*models)[at]));
  json::object page{{"has_more", has_more}, {"first_id", nullptr}, {"last_id", nullptr}};
  if (!list.empty()) {
    page["first_id"] = list.front().at("id");
    page["last_id"] = list.back().at("id");
  }
  page["data"] = std::move(list);
  co_await with.respond(http::json_response(200, json::serialize(page)));
}

task<> get_model(face_uses uses, http::exchange& with) {
  const auto model = co_await find_model(uses, with, error_response);
  if (model) co_await with.respond(http::json_response(200, json::serialize(card_of(*model))));
}

}  // namespace sluice::gateway::anthropic
