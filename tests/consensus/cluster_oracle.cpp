// What the test cluster can be asked, and what it watches by itself.
#include <algorithm>

#include "conformance/from_disk.hpp"
#include "consensus/invariants.hpp"
#include "messages/assert.hpp"
#include "tests/consensus/cluster_node.hpp"

namespace bourse::test {

using namespace bourse::consensus;

// -- looking --------------------------------------------------------------------------------------

const replica_core& cluster::core(std::uint16_t i) const {
  BOURSE_ASSERT(nodes_[i]->core);
  return *nodes_[i]->core;
}

const fake_disk& cluster::disk(std::uint16_t i) const {
  return nodes_[i]->disk;
}

const authenticator& cluster::auth(std::uint16_t i) const {
  return *nodes_[i]->auth;
}

std::uint64_t cluster::executed(std::uint16_t i) const {
  return nodes_[i]->core ? nodes_[i]->core->executed().value() : 0;
}

std::uint64_t cluster::all_executed() const {
  auto least = ~std::uint64_t{0};
  for (const auto& n : nodes_)
    if (!n->byzantine)
      least = std::min(least, executed(n->id));
  return least;
}

std::string cluster::describe() const {
  std::string out = "seed " + std::to_string(opts_.seed) + ", n " + std::to_string(opts_.n) + ":";
  for (const auto& n : nodes_) {
    out += " [" + std::to_string(n->id);
    if (n->core)
      out += " executed " + std::to_string(n->core->executed().value()) + " committed "
             + std::to_string(n->core->committed().value()) + " view "
             + std::to_string(n->core->view().value()) + (n->core->in_view() ? "" : "?")
             + " stable " + std::to_string(n->core->stable().what.sequence.value());
    else
      out += " down";
    out += "]";
  }
  for (const auto& v : violations_)
    out += "\n  " + v;
  return out;
}

// -- the oracle -----------------------------------------------------------------------------------

void cluster::violated(const std::string& what) {
  violations_.push_back("seed " + std::to_string(opts_.seed) + ": " + what);
}

void cluster::check_execution(const node& n, const execution& e) {
  if (n.byzantine)
    return;
  auto where = "replica " + std::to_string(n.id) + ", block " + std::to_string(e.sequence.value());
  if (e.sequence.value() != n.delivered + 1)
    violated(where + " executed out of order");
  if (hash(*e.block) != e.digest)
    violated(where + " is not what its digest says");
  if (e.chain != chain_next(n.chain, e.digest))
    violated(where + " does not continue the chain");
  if (e.checkpoint != (e.sequence.value() % opts_.checkpoint_interval == 0))
    violated(where + " has a checkpoint where none is due, or lacks it");
  auto [i, first] = log_.try_emplace(e.sequence.value(), e.digest);
  if (i->second != e.digest)
    violated(where + " differs from what another replica executed");
}

void cluster::check_said(const node& n, const peer_message& m) {
  if (n.byzantine)
    return;
  auto check = [&](vote_kind kind, const statement& what) {
    auto text = "replica " + std::to_string(n.id) + " vote " + std::to_string(int(kind))
                + " at view " + std::to_string(what.view.value()) + " sequence "
                + std::to_string(what.sequence.value());
    auto [i, first]
        = said_.try_emplace({n.id, kind, what.view.value(), what.sequence.value()}, what.digest);
    if (i->second != what.digest)
      violated(text + " contradicts an earlier one");
    if (!n.disk.has_vote(kind, what) && !n.disk.renewed(what))
      violated(text + " left before it was durable");
  };
  if (auto* p = std::get_if<pre_prepare>(&m)) {
    // Others pass on what the primary said, or only the block.
    if (replica(n.id) == cluster_size{opts_.n}.primary_of(p->what.view)
        && p->signature != signature{})
      check(vote_kind::pre_prepare, p->what);
  } else if (auto* p = std::get_if<prepare>(&m)) {
    check(vote_kind::prepare, p->what);
  } else if (auto* c = std::get_if<commit>(&m)) {
    check(vote_kind::commit, c->what);
  }
}

conformance::identity cluster::identity(std::uint16_t i) const {
  return {cluster_id(), {opts_.n}, replica(i), opts_.window, opts_.checkpoint_interval};
}

const std::vector<conformance::step>& cluster::trace(std::uint16_t i) const {
  return nodes_[i]->trace;
}

void cluster::observe(node& n, const conformance::event& e) {
  if (n.byzantine || !opts_.conformance)
    return;
  if (!n.spec)
    n.spec = std::make_unique<conformance::spec_replica>(
        identity(n.id),
        [&auth = *n.auth](replica_id by, purpose why, byte_view payload, const signature& s) {
          return auth.verify(by, why, payload, s);
        });
  if (opts_.keep_traces)
    n.trace.push_back({now_ns_, e});
  auto why = n.spec->take(e);
  if (!why)
    why = spec_.take(replica(n.id), e);
  if (why)
    violated("replica " + std::to_string(n.id) + " " + in_words(e) + ": " + why->rule + " ("
             + why->source + ")");
}

/// They hold of a core and its manager whatever others do, so those of a liar are watched too.
void cluster::check_invariants(const node& n) {
  auto broken = [&](const std::vector<std::string>& all) {
    for (const auto& what : all)
      violated("replica " + std::to_string(n.id) + ": " + what);
  };
  auto core = n.core->picture();
  broken(broken_invariants(core));
  if (!n.views)
    return;
  auto manager = n.views->picture();
  broken(broken_invariants(manager));
  broken(broken_invariants(core, manager));
}

/// Costs more, so it is done after each sync, which is when it could go wrong.
void cluster::check_durable(const node& n) {
  for (const auto& what : broken_invariants(n.core->picture(), n.disk.recover()))
    violated("replica " + std::to_string(n.id) + ": " + what);
}

} // namespace bourse::test
