#include "actors/verifier.hpp"

#include <tuple>

#include "actors/spawn.hpp"
#include "market/rules.hpp"

namespace bourse::actors {

void verify(const node_context& context, verification::item& item) {
  const auto& rules = context.genesis.market;
  auto refuse = [&](error why) {
    item.why = std::move(why);
  };
  auto content = decode_submission(item.source.body, rules.submissions);
  if (!content)
    return refuse(std::move(content.error()));
  if (content->client.value() >= rules.clients.size())
    return refuse({errc::unknown_client, {}});
  const auto& key = rules.clients[content->client.value()].key;
  if (!messages::verify(key, purpose::submission, context.cluster(), item.source.body,
                        item.source.signature))
    return refuse({errc::bad_signature, {}});
  auto lane = market::lane_of(*content, rules);
  item.verified = std::make_shared<const verified_submission>(
      verified_submission{std::move(item.source), item.digest, std::move(*content), lane});
}

namespace {

struct verifier_setup {
  context_ptr context;
};

class verifier {
public:
  static constexpr const char* name = "verifier";

  verifier(verifier_actor::pointer, verifier_setup setup) : context_(std::move(setup.context)) {}

  verifier_actor::behavior_type behavior() {
    return {[this](verify_atom, const verification_ptr& batch) {
      meter m(context_->counters, component::verifier);
      for (auto& item : batch->items) {
        verify(*context_, item);
        ++(item.verified ? context_->counters.submissions_verified
                         : context_->counters.submissions_rejected);
      }
      return std::make_tuple(verified_atom::value, batch);
    }};
  }

private:
  context_ptr context_;
};

} // namespace

verifier_actor spawn_verifier(caf::actor_system& system, context_ptr context) {
  // A thread of its own lets the operating system prefer the actors that votes wait for.
  return spawn_shell<verifier, verifier_actor>(system, verifier_setup{std::move(context)},
                                               runs::alone);
}

} // namespace bourse::actors
