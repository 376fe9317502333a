#include "actors/recovery.hpp"

#include <utility>

#include "market/rules.hpp"
#include "messages/crypto.hpp"
#include "storage/base.hpp"

namespace bourse::actors {

namespace {

/// Where the market says that the streams stand.
void place_streams(recovered_node& node, const market::rules& rules) {
  for (std::uint32_t c = 0; c < rules.clients.size(); ++c)
    for (std::uint8_t s = 0; s < max_streams; ++s)
      node.order.set_next(client_id{c}, stream_id{s},
                          node.house.next_submission(client_id{c}, stream_id{s}));
}

expected<void> restore(recovered_node& node, const storage::reader& store,
                       const market::rules& rules) {
  using market::page_kind;
  bool placed = false; // pages of clients come before those that refer to them
  auto restore_one = [&](market::page_key key, byte_view content) -> expected<void> {
    node.tree.apply(key, content);
    if (key.kind == page_kind::bodies || key.kind == page_kind::fair_order) {
      if (!std::exchange(placed, true))
        place_streams(node, rules);
      return node.order.restore(key, content);
    }
    if (key.kind != page_kind::orders)
      return node.house.restore(key, content);
    if (key.instrument >= node.books.size())
      return fail(errc::corrupt, "a page of an instrument that does not exist");
    return node.books[key.instrument].restore(key, content);
  };
  if (auto pages = storage::load_pages(store, restore_one); !pages)
    return pages;
  if (!placed)
    place_streams(node, rules);
  if (auto whole = node.order.finish_restore(); !whole)
    return whole;
  const auto& c = *node.checkpoint;
  if (market::state_digest(c.sequence, c.chain, node.tree.root()) != c.state)
    return fail(errc::corrupt, "the state pages are not those of the checkpoint at "
                                   + std::to_string(c.sequence.value()));
  return {};
}

/// It was verified before it was written.
expected<submission_ptr> read_body(signed_submission source, const market::rules& rules) {
  auto submission = decode_submission(source.body, rules.submissions);
  if (!submission)
    return fail(errc::corrupt, "a stored submission does not decode");
  auto digest = hash(source.body);
  auto lane = market::lane_of(*submission, rules);
  return std::make_shared<const verified_submission>(
      verified_submission{std::move(source), digest, std::move(*submission), lane});
}

expected<void> load_chains(recovered_node& node, const storage::reader& store,
                           const config::genesis& genesis) {
  for (auto who : genesis.size.everyone()) {
    auto from = node.order.heads().of(who).index.next();
    auto keep = [&](const chain_head& name, signed_report source) -> expected<bool> {
      if (name.replica != who)
        return false;
      auto content = decode_stamp_report(source.body, genesis.market.order.max_stamps);
      if (!content)
        return fail(errc::corrupt, "a stored report of stamps does not decode");
      node.reports.push_back(std::make_shared<const verified_report>(
          verified_report{std::move(source), name.report, std::move(*content)}));
      return true;
    };
    auto ok = storage::load_reports(store, who, from, keep);
    if (!ok)
      return ok;
  }
  return {};
}

expected<std::vector<signed_submission>> load_executed(const storage::reader& s, sequence_number n,
                                                       const digest& block) {
  return storage::load_bodies(s, n, block);
}

expected<void> load_bodies(recovered_node& node, const storage::reader& store,
                           const market::rules& rules) {
  auto ok = storage::load_pending(
      store, [&](const submission_header&, signed_submission source) -> expected<void> {
        auto body = read_body(std::move(source), rules);
        if (!body)
          return tl::unexpected(body.error());
        node.bodies.push_back(std::move(*body));
        return {};
      });
  if (!ok)
    return ok;
  for (const auto& c : node.consensus.committed) {
    const auto& what = c.certificate.what;
    if (what.sequence <= node.executed())
      continue;
    for (auto* load : {&storage::load_voided, &load_executed}) {
      auto sources = (*load)(store, what.sequence, what.digest);
      if (!sources && sources.error().code == errc::not_found)
        break; // not executed here yet
      if (!sources)
        return tl::unexpected(sources.error());
      auto& bodies = node.executed_before[what.sequence];
      for (auto& source : *sources) {
        auto body = read_body(std::move(source), rules);
        if (!body)
          return tl::unexpected(body.error());
        bodies.push_back(std::move(*body));
      }
    }
  }
  return {};
}

} // namespace

expected<recovered_node> recover(storage::store& store, const config::genesis& genesis,
                                 replica_id self, std::uint64_t mark) {
  const auto& rules = genesis.market;
  if (auto ok = storage::open_for(store, genesis.cluster(), self, consensus::silence{mark, {}});
      !ok)
    return tl::unexpected(ok.error());
  if (auto taken = storage::restore_base(store); !taken)
    return tl::unexpected(taken.error());
  auto checkpoint = storage::load_checkpoint(store);
  if (!checkpoint)
    return tl::unexpected(checkpoint.error());
  auto consensus = storage::load_consensus(store, genesis.cluster());
  if (!consensus)
    return tl::unexpected(consensus.error());
  auto silence = storage::load_silence(store);
  if (!silence)
    return tl::unexpected(silence.error());
  consensus->silent = silence->has_value();

  recovered_node node{market::clearing_house{rules},
                      {},
                      {},
                      std::move(*checkpoint),
                      std::move(*consensus),
                      fairness::execution_order{rules, genesis.size, messages::fresh_hash_seed()},
                      {},
                      {},
                      {},
                      *silence};
  for (std::size_t i = 0; i < rules.instruments.size(); ++i)
    node.books.emplace_back(instrument_id{static_cast<std::uint16_t>(i)}, rules,
                            messages::fresh_hash_seed());
  if (node.checkpoint)
    if (auto ok = restore(node, store, rules); !ok)
      return tl::unexpected(ok.error());
  if (auto ok = load_chains(node, store, genesis); !ok)
    return tl::unexpected(ok.error());
  if (auto ok = load_bodies(node, store, rules); !ok)
    return tl::unexpected(ok.error());
  return node;
}

} // namespace bourse::actors
