// Identity held as the object itself.
#include "identity/identity_testing.hpp"

namespace sluice::identity {
namespace {

class object final : public way {
 public:
  explicit object(identity& rules) : rules_(rules) {}
  service& face() override { return rules_; }
  user_administration& accounts() override { return rules_.accounts(); }
  void hear() override { world::must(run(rules_.revocations().look())); }

 private:
  identity& rules_;
};

}  // namespace

std::unique_ptr<way> make_way(identity& rules, user_store&, const clock&) {
  return std::make_unique<object>(rules);
}

bool is_over_the_wire() {
  return false;
}

}  // namespace sluice::identity
