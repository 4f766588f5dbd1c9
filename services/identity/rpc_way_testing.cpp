// Identity held as a client of the wire: a server of its own on loopback.
#include "identity/rpc_wire_testing.hpp"

namespace sluice::identity {
namespace {

using namespace std::chrono_literals;

class wire final : public way {
 public:
  wire(identity& rules, user_store& store, clock now)
      : store_(store), node_(ground_, rules), client_(ground_, {node_.server->address()}, std::move(now)) {
    client_.wait_until_complete();
    last_ = world::must(run(face().follow_revocations(0, 0ms))).last;
  }
  service& face() override { return client_.face(); }
  user_administration& accounts() override { return client_.client->administration(); }
  void hear() override {
    const std::uint64_t newest = world::must(run(store_.newest_revocation()));
    while (last_ < newest)
      last_ = world::must(run(face().follow_revocations(last_, wire_patience))).last;
  }

 private:
  user_store& store_;
  wire_ground ground_;
  wire_node node_;
  wire_client client_;
  std::uint64_t last_ = 0;
};

}  // namespace

std::unique_ptr<way> make_way(identity& rules, user_store& store, const clock& now) {
  return std::make_unique<wire>(rules, store, now);
}

bool is_over_the_wire() {
  return true;
}

}  // namespace sluice::identity
