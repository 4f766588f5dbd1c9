#include "agent/route_table.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace sluice::agent {
namespace {

constexpr std::size_t model_name_max = 128;

bool is_fit_name(std::string_view name) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return name.size() <= model_name_max && std::ranges::none_of(name, is_control);
}

// What of a client's own words is repeated in an error.
constexpr std::size_t echoed_name_max = 128;

}  // namespace

route_table::route_table(const settings& told, std::vector<std::shared_ptr<provider>> providers)
    : providers_(std::move(providers)), default_model_(told.default_model) {
  for (const model_settings& model : told.models) {
    entry added{.name = model.name, .targets = {}, .context_tokens = model.context_tokens};
    std::uint64_t weight_until = 0;
    for (const target_settings& target : model.targets) {
      const auto to = std::ranges::find(providers_, target.provider, [](const auto& one) { return one->name(); });
      if (to == providers_.end())
        throw std::invalid_argument("model " + model.name + " names the unknown provider " + target.provider);
      weight_until += target.weight;
      added.targets.push_back({*to, target.model.empty() ? model.name : target.model, weight_until});
    }
    entries_.push_back(std::move(added));
  }
}

const route_table::entry* route_table::find(std::string_view model) const {
  const auto found = std::ranges::find(entries_, model, &entry::name);
  return found == entries_.end() ? nullptr : &*found;
}

result<route> route_table::choose(std::string_view model, std::uint64_t dice) const {
  if (model.empty()) model = default_model_;
  if (const entry* found = find(model);
      found != nullptr && !found->targets.empty() && found->targets.back().weight_until > 0) {
    const std::uint64_t drawn = dice % found->targets.back().weight_until;
    const auto target = std::ranges::upper_bound(found->targets, drawn, {}, &weighted_target::weight_until);
    return route{.model = std::string(model),
                 .model_label = std::string(model),
                 .to = target->to,
                 .provider_model = target->model,
                 .context_tokens = found->context_tokens};
  }
  if (const std::size_t slash = model.find('/'); slash != std::string_view::npos && slash + 1 < model.size()) {
    const auto to = std::ranges::find(providers_, model.substr(0, slash), [](const auto& one) { return one->name(); });
    // It becomes part of metrics, logs and records: a stranger's text of any length must not.
    if (to != providers_.end() && !is_fit_name(model))
      return failure(
          error_reason::invalid_argument,
          fmt::format("the model's name must be of at most {} bytes without control characters", model_name_max),
          "model");
    if (to != providers_.end())
      return route{.model = std::string(model),
                   .model_label = std::string(model.substr(0, slash)) + "/*",
                   .to = *to,
                   .provider_model = std::string(model.substr(slash + 1))};
  }
  if (model.empty())
    return failure(error_reason::invalid_argument, "name a \"model\": this server has no default_model", "model");
  return failure(error_reason::not_found,
                 fmt::format("there is no model \"{}\" here; GET /v1/models lists those that there are",
                             clip(model, echoed_name_max)),
                 "model");
}

std::vector<model_card> route_table::models() const {
  std::vector<model_card> cards;
  for (const entry& one : entries_) {
    cards.push_back(
        {.name = one.name, .provider = one.targets.empty() ? "" : std::string(one.targets.front().to->name())});
  }
  const auto first = std::ranges::find(cards, default_model_, &model_card::name);
  if (first != cards.end()) {
    std::rotate(cards.begin(), first, first + 1);
  } else if (const auto direct = choose({}, 0); direct) {
    // "provider/model": not in any list, but what is asked for here by whoever asks for nothing else.
    cards.insert(cards.begin(), {.name = default_model_, .provider = std::string(direct->to->name())});
  }
  return cards;
}

}  // namespace sluice::agent
