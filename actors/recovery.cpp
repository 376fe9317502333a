#include "actors/recovery.hpp"

#include <set>

#include "market/rules.hpp"
#include "messages/crypto.hpp"
#include "storage/base.hpp"

namespace bourse::actors {

namespace {

expected<void> restore(recovered_node& node, const storage::reader& store) {
  auto pages
      = storage::load_pages(store, [&](market::page_key key, byte_view content) -> expected<void> {
          node.tree.apply(key, content);
          if (key.kind != market::page_kind::orders)
            return node.house.restore(key, content);
          if (key.instrument >= node.books.size())
            return fail(errc::corrupt, "a page of an instrument that does not exist");
          return node.books[key.instrument].restore(key, content);
        });
  if (!pages)
    return pages;
  const auto& c = *node.checkpoint;
  if (market::state_digest(c.sequence, c.chain, node.tree.root()) != c.state)
    return fail(errc::corrupt, "the state pages are not those of the checkpoint at "
                                   + std::to_string(c.sequence.value()));
  return {};
}

/// Null if the store does not have all bodies: then they are fetched like any others.
expected<full_block_ptr> load_full(const storage::reader& store, const config::genesis& genesis,
                                   const digest& name, const shared_bytes& encoded) {
  auto content = decode_block(*encoded, genesis.market.blocks);
  if (!content)
    return fail(errc::corrupt, "a stored block does not decode");
  auto bodies = storage::load_bodies(store, content->sequence, name);
  if (!bodies && bodies.error().code == errc::not_found)
    return nullptr;
  if (!bodies)
    return tl::unexpected(bodies.error());
  if (bodies->size() != content->submissions.size())
    return nullptr;
  auto block = std::make_shared<full_block>();
  for (std::size_t i = 0; i < bodies->size(); ++i) {
    auto& source = (*bodies)[i];
    auto submission = decode_submission(source.body, genesis.market.submissions);
    auto digest = hash(source.body);
    if (!submission || digest != content->submissions[i])
      return fail(errc::corrupt, "a stored submission is not what its block names");
    auto lane = market::lane_of(*submission, genesis.market);
    block->submissions.push_back(std::make_shared<const verified_submission>(
        verified_submission{std::move(source), digest, std::move(*submission), lane}));
  }
  block->sequence = content->sequence;
  block->digest = name;
  block->encoded = encoded;
  block->content = std::move(*content);
  return block;
}

expected<void> load_blocks(recovered_node& node, const storage::reader& store,
                           const config::genesis& genesis) {
  std::set<digest> seen;
  auto load = [&](const statement& what, const shared_bytes& encoded) -> expected<void> {
    if (what.sequence <= node.executed() || !seen.insert(what.digest).second)
      return {};
    auto block = load_full(store, genesis, what.digest, encoded);
    if (!block)
      return tl::unexpected(block.error());
    if (*block)
      node.blocks.push_back(std::move(*block));
    return {};
  };
  for (const auto& p : node.consensus.proposals)
    if (auto ok = load(p.what, p.block); !ok)
      return ok;
  for (const auto& c : node.consensus.committed)
    if (auto ok = load(c.certificate.what, c.block); !ok)
      return ok;
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

  recovered_node node{market::clearing_house{rules}, {}, {},      std::move(*checkpoint),
                      std::move(*consensus),         {}, *silence};
  for (std::size_t i = 0; i < rules.instruments.size(); ++i)
    node.books.emplace_back(instrument_id{static_cast<std::uint16_t>(i)}, rules,
                            messages::fresh_hash_seed());
  if (node.checkpoint)
    if (auto ok = restore(node, store); !ok)
      return tl::unexpected(ok.error());
  if (auto ok = load_blocks(node, store, genesis); !ok)
    return tl::unexpected(ok.error());
  return node;
}

} // namespace bourse::actors
