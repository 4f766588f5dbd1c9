// Which provider serves a model's name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agent/agent_service.hpp"
#include "agent/provider.hpp"
#include "agent/settings.hpp"
#include "base/error.hpp"

namespace sluice::agent {

/// A choice of target for one request.
struct route {
  std::string model;  ///< the client's name, or the default
  /// How metrics name it: a configured model, or "provider/*" for all that clients think of, so that there are few.
  std::string model_label;
  std::shared_ptr<provider> to;
  std::string provider_model;  ///< the provider's name of it
  std::uint64_t context_tokens = default_context_tokens;
  std::size_t others = 0;  ///< how many `alternatives` there are at the most
};

/// Immutable. A model's name leads to its targets, one drawn by weight; "provider/model" names any model of a provider.
class route_table {
 public:
  /// Throws std::invalid_argument if a target names no provider; the configuration was checked before.
  route_table(const settings& told, std::vector<std::shared_ptr<provider>> providers);

  /// A uniformly random number.
  static std::uint64_t roll();
  /// `dice`: a uniformly random number, from which the target is drawn. An empty `model` is the default one.
  result<route> choose(std::string_view model, std::uint64_t dice) const;
  /// Where else a request may go that was sent to `first`, each place once: the other targets of its model, drawn by
  /// weight, then those of its fallbacks, if `fallbacks`. They keep the name by which the client knows the model.
  std::vector<route> alternatives(const route& first, std::uint64_t dice, bool fallbacks = true) const;
  std::vector<model_card> models() const;

 private:
  struct weighted_target {
    std::shared_ptr<provider> to;
    std::string model;
    std::uint64_t weight_until;  // of this and the targets before it
  };
  struct entry {
    std::string name;
    std::vector<weighted_target> targets;
    std::vector<std::string> fallback;
    std::uint64_t context_tokens;
    std::size_t others = 0;
  };
  const entry* find(std::string_view model) const;
  std::size_t count_others(const entry& of) const;
  std::shared_ptr<provider> find_provider(std::string_view name) const;

  std::vector<entry> entries_;
  std::vector<std::shared_ptr<provider>> providers_;
  std::string default_model_;
};

}  // namespace sluice::agent
