#include "simulation/vote_check.hpp"

#include <algorithm>

#include "consensus/new_view.hpp"
#include "market/pages.hpp"
#include "storage/layout.hpp"

namespace bourse::simulation {

using consensus::vote_kind;
using storage::family;
using storage::layout::record_kind;

namespace {

template <class T>
std::optional<T> decoded(const std::optional<bytes>& kept, expected<T> (*decode)(byte_view)) {
  if (!kept)
    return std::nullopt;
  auto out = decode(*kept);
  return out ? std::optional<T>{std::move(*out)} : std::nullopt;
}

} // namespace

vote_check::vote_check(cluster& c, violations& out)
    : cluster_(c), out_(out), promises_(c.genesis().size, c.genesis().cluster()) {}

void vote_check::said(std::size_t i, const peer_message& m) {
  promises_.hear(cluster_.identity(i).value(), m);
  for (; told_ < promises_.contradictions().size(); ++told_)
    out_.add("votes", "{}", promises_.contradictions()[told_]);
  std::visit([&](const auto& what) { rests(i, what); }, m);
}

// -- what each rests on (PROTOCOL 7) --------------------------------------------------------------

void vote_check::rests(std::size_t i, const pre_prepare& m) {
  // Others pass on what the primary said, or only the block.
  auto self = cluster_.identity(i);
  if (cluster_.genesis().size.primary_of(m.what.view) == self && m.signature != signature{}
      && durable(i, vote_kind::pre_prepare, m.what))
    proposal_is_durable(i, "PRE-PREPARE", m.what);
}

void vote_check::rests(std::size_t i, const prepare& m) {
  if (m.by.replica == cluster_.identity(i) && durable(i, vote_kind::prepare, m.what))
    proposal_is_durable(i, "PREPARE", m.what);
}

void vote_check::rests(std::size_t i, const commit& m) {
  if (m.by.replica != cluster_.identity(i) || !durable(i, vote_kind::commit, m.what))
    return;
  auto c = decoded(record(i, record_kind::prepared, m.what), decode_prepared_certificate);
  if (!c || c->what != m.what)
    out_.add("durability", "replica {}: COMMIT in view {} for block {}, and no durable certificate",
             i, m.what.view.value(), m.what.sequence.value());
}

/// The page root is computed when no write is under way: then what is durable is what is there.
void vote_check::rests(std::size_t i, const checkpoint& m) {
  auto& of = checkpoints_[i];
  // Its former self's may be in proofs that it passes on.
  if (m.by.replica != cluster_.identity(i) || m.what.sequence <= of.lost)
    return;
  of.said = std::max(of.said, m.what.sequence);
  auto kept = load(i, family::meta, storage::layout::checkpoint_key);
  storage::layout::unpacker in{kept ? byte_view{*kept} : byte_view{}};
  auto own = storage::layout::unpack_checkpoint(in);
  if (!kept || own.sequence < m.what.sequence)
    return out_.add("durability", "replica {}: CHECKPOINT of block {} before its pages are durable",
                    i, m.what.sequence.value());
  if (own.sequence != m.what.sequence || of.computed >= own.sequence
      || cluster_.disk(i).unsynced() > 0)
    return;
  of.computed = own.sequence;
  market::page_tree tree;
  auto disk = storage::open_memory_store(cluster_.disk(i));
  auto read
      = storage::load_pages(*disk, [&](market::page_key key, byte_view content) -> expected<void> {
          tree.apply(key, content);
          return {};
        });
  if (!read || market::state_digest(own.sequence, own.chain, tree.root()) != m.what.state)
    out_.add("durability", "replica {}: the durable pages are not those of its CHECKPOINT {}", i,
             m.what.sequence.value());
}

void vote_check::rests(std::size_t i, const view_change& m) {
  auto content = decode_view_change_content(m.body, {});
  if (m.by.replica != cluster_.identity(i) || !content)
    return;
  auto kept = load(i, family::consensus, storage::layout::record_key(record_kind::view));
  auto view = kept ? storage::layout::unpacker{*kept}.u64() : 0;
  if (view < content->view.value())
    out_.add("durability", "replica {}: VIEW-CHANGE to view {} while its disk is in view {}", i,
             content->view.value(), view);
}

void vote_check::rests(std::size_t i, const new_view& m) {
  if (m.by.replica != cluster_.identity(i))
    return;
  auto begun = [](const new_view& begins) {
    auto content = decode_new_view_content(begins.body, {});
    return content ? content->view : view_number{};
  };
  // The write that makes it durable may hold a later view's as well, which takes its place. After
  // that this replica begins no earlier one again.
  auto kept = new_view_of(i);
  if (!kept || begun(*kept) < begun(m) || (begun(*kept) == begun(m) && kept->body != m.body))
    out_.add("durability", "replica {}: a NEW-VIEW of its own is not durable", i);
}

/// The newest that it names of each chain. What leads there is written with them.
bool vote_check::reports_are_durable(std::size_t i, byte_view kept) const {
  storage::layout::unpacker in{kept};
  in.statement();
  in.fixed<signature>();
  auto b = decode_block(in.rest());
  if (!b)
    return true; // what nobody can vote for, `specification` says
  return std::all_of(b->heads.begin(), b->heads.end(), [&](const chain_head& h) {
    return h.index.value() == 0 || branching_.contains(h.replica)
           || load(i, family::stamps, storage::layout::chain_key(h)).has_value();
  });
}

void vote_check::proposal_is_durable(std::size_t i, const char* vote, const statement& what) {
  auto kept = record(i, record_kind::proposal, what);
  storage::layout::unpacker in{kept ? byte_view{*kept} : byte_view{}};
  if (!kept || in.statement() != what)
    out_.add("durability", "replica {}: {} in view {} for block {}, which is not durable", i, vote,
             what.view.value(), what.sequence.value());
  else if (!reports_are_durable(i, *kept))
    out_.add("durability", "replica {}: {} in view {} for block {}, whose reports are not durable",
             i, vote, what.view.value(), what.sequence.value());
}

/// False if nothing more need be: the slot is below the stable checkpoint, where records go, or a
/// durable NEW-VIEW stands for the vote.
bool vote_check::durable(std::size_t i, vote_kind kind, const statement& what) {
  ++votes_;
  if (auto lost = unknown_.find(i); lost != unknown_.end() && what.sequence <= lost->second)
    out_.add("votes", "replica {} votes in view {} for block {}, as it may have on its lost disk",
             i, what.view.value(), what.sequence.value());
  auto kept = load(i, family::consensus, storage::layout::vote_key({kind, what}));
  if (!kept) {
    if (auto low = stable(i); low && what.sequence <= low->what.sequence)
      return false;
    if (kind != vote_kind::pre_prepare || !renewed(i, what))
      out_.add("durability", "replica {}: a vote of kind {} in view {} for block {} is not durable",
               i, static_cast<int>(kind), what.view.value(), what.sequence.value());
    return false;
  }
  storage::layout::unpacker in{*kept};
  if (in.statement() == what)
    return true;
  out_.add("durability", "replica {} votes in view {} for another block {} than its disk says", i,
           what.view.value(), what.sequence.value());
  return false;
}

// -- what is durable ------------------------------------------------------------------------------

std::optional<bytes> vote_check::load(std::size_t i, family where, byte_view key) const {
  auto kept = cluster_.disk(i).durable(where, key);
  if (!kept)
    return std::nullopt;
  auto payload = storage::layout::unseal(where, key, *kept);
  return payload ? std::optional{bytes{*payload}} : std::nullopt;
}

std::optional<bytes> vote_check::record(std::size_t i, record_kind kind,
                                        const statement& what) const {
  return load(i, family::consensus,
              storage::layout::record_key(kind, what.sequence.value(), what.view.value()));
}

std::optional<stable_checkpoint> vote_check::stable(std::size_t i) const {
  return decoded(load(i, family::consensus, storage::layout::record_key(record_kind::stable)),
                 decode_stable_checkpoint);
}

std::optional<new_view> vote_check::new_view_of(std::size_t i) const {
  return decoded(load(i, family::consensus, storage::layout::record_key(record_kind::new_view)),
                 decode_new_view);
}

bool vote_check::renewed(std::size_t i, const statement& what) const {
  auto kept = new_view_of(i);
  if (!kept)
    return false;
  auto known = consensus::read_new_view(*kept, cluster_.genesis().cluster());
  return known && std::ranges::find(known->plan.slots, what) != known->plan.slots.end();
}

// -- crashes --------------------------------------------------------------------------------------

void vote_check::crashed(std::size_t i) {
  auto low = stable(i);
  within_[i] = sequence_number{(low ? low->what.sequence.value() : 0) + cluster_.genesis().window};
  auto disk = storage::open_memory_store(cluster_.disk(i));
  for (const auto& what : promises_.forgotten(cluster_.identity(i).value(), *disk))
    out_.add("durability", "replica {} has crashed and forgotten {}", i, what);
}

} // namespace bourse::simulation
