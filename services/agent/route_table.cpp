#include "agent/route_table.hpp"

#include <algorithm>
#include <random>
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
    entry added{.name = model.name, .targets = {}, .fallback = model.fallback, .context_tokens = model.context_tokens};
    std::uint64_t weight_until = 0;
    for (const target_settings& target : model.targets) {
      auto to = find_provider(target.provider);
      if (!to) throw std::invalid_argument("model " + model.name + " names the unknown provider " + target.provider);
      weight_until += target.weight;
      added.targets.push_back({std::move(to), target.model.empty() ? model.name : target.model, weight_until});
    }
    entries_.push_back(std::move(added));
  }
  for (entry& one : entries_)
    one.others = count_others(one);
}

std::size_t route_table::count_others(const entry& of) const {
  const auto drawable = [](const entry& model) {
    std::size_t count = 0;
    std::uint64_t before = 0;
    for (const weighted_target& target : model.targets)
      count += std::exchange(before, target.weight_until) < target.weight_until ? 1 : 0;
    return count;
  };
  std::size_t count = std::max<std::size_t>(drawable(of), 1) - 1;
  for (const std::string& name : of.fallback) {
    const entry* const other = find(name);
    count += other == nullptr ? 1 : drawable(*other);
  }
  return count;
}

const route_table::entry* route_table::find(std::string_view model) const {
  const auto found = std::ranges::find(entries_, model, &entry::name);
  return found == entries_.end() ? nullptr : &*found;
}

std::shared_ptr<provider> route_table::find_provider(std::string_view name) const {
  const auto found = std::ranges::find(providers_, name, [](const auto& one) { return one->name(); });
  return found == providers_.end() ? nullptr : *found;
}

std::uint64_t route_table::roll() {
  thread_local std::mt19937_64 random(std::random_device{}());
  return random();
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
                 .context_tokens = found->context_tokens,
                 .others = found->others};
  }
  if (const std::size_t slash = model.find('/'); slash != std::string_view::npos && slash + 1 < model.size()) {
    auto to = find_provider(model.substr(0, slash));
    // It becomes part of metrics, logs and records: a stranger's text of any length must not.
    if (to && !is_fit_name(model))
      return failure(
          error_reason::invalid_argument,
          fmt::format("the model's name must be of at most {} bytes without control characters", model_name_max),
          "model");
    if (to)
      return route{.model = std::string(model),
                   .model_label = std::string(model.substr(0, slash)) + "/*",
                   .to = std::move(to),
                   .provider_model = std::string(model.substr(slash + 1))};
  }
  if (model.empty())
    return failure(error_reason::invalid_argument, "name a \"model\": this server has no default_model", "model");
  return failure(error_reason::not_found,
                 fmt::format("there is no model \"{}\" here; GET /v1/models lists those that there are",
                             clip(model, echoed_name_max)),
                 "model");
}

std::vector<route> route_table::alternatives(const route& first, std::uint64_t dice, bool fallbacks) const {
  std::vector<route> found;
  std::mt19937_64 random(dice);
  const auto add = [&](std::shared_ptr<provider> to, std::string_view model) {
    const auto is_there = [&](const route& one) { return one.to == to && one.provider_model == model; };
    if (is_there(first) || std::ranges::any_of(found, is_there)) return;
    found.push_back({.model = first.model,
                     .model_label = first.model_label,
                     .to = std::move(to),
                     .provider_model = std::string(model),
                     .context_tokens = first.context_tokens});
  };
  const auto add_drawn = [&](std::vector<weighted_target> left) {
    std::vector<std::uint64_t> weights;
    for (std::size_t at = 0; at < left.size(); ++at)
      weights.push_back(left[at].weight_until - (at == 0 ? 0 : left[at - 1].weight_until));
    while (std::ranges::any_of(weights, [](std::uint64_t weight) { return weight > 0; })) {
      std::discrete_distribution<std::size_t> draw(weights.begin(), weights.end());
      const std::size_t drawn = draw(random);
      weights[drawn] = 0;
      add(left[drawn].to, left[drawn].model);
    }
  };
  const entry* const own = find(first.model);
  if (own == nullptr) return found;
  add_drawn(own->targets);
  if (!fallbacks) return found;
  for (const std::string& name : own->fallback) {
    const std::size_t slash = name.find('/');
    if (const entry* const other = find(name)) {
      add_drawn(other->targets);
    } else if (auto to = find_provider(name.substr(0, slash)); to && slash != std::string::npos) {
      add(std::move(to), std::string_view(name).substr(slash + 1));
    }
  }
  return found;
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
