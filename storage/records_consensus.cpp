// Reading what consensus needs after a restart, and what the store says about itself.
#include "storage/layout.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

using layout::record_kind;
using layout::unpacker;

namespace {

expected<bool> has_any_key(const reader& s) {
  for (std::size_t i = 0; i < family_count; ++i) {
    auto last = s.last(static_cast<family>(i), {}, {});
    if (!last)
      return tl::unexpected{last.error()};
    if (*last)
      return true;
  }
  return false;
}

/// Visits the records of one kind about slots above `stable`.
expected<void>
load_records(const reader& s, record_kind kind, sequence_number stable,
             const std::function<expected<bool>(byte_view key, byte_view payload)>& visit) {
  auto next_kind = static_cast<record_kind>(static_cast<char>(kind) + 1);
  return layout::load_range(s, family::consensus, layout::record_bound(kind, stable.value() + 1),
                            layout::record_key(next_kind), visit);
}

expected<void> load_view(const reader& s, consensus::recovered_state& to) {
  auto key = layout::record_key(record_kind::view);
  auto value = layout::load(s, family::consensus, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (*value) {
    unpacker in{**value};
    to.view = view_number{in.u64()};
    if (!in.done())
      return layout::nonsense(family::consensus, key, "malformed view");
  }
  return {};
}

expected<void> load_new_view(const reader& s, consensus::recovered_state& to) {
  auto key = layout::record_key(record_kind::new_view);
  auto value = layout::load(s, family::consensus, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (*value) {
    auto v = decode_new_view(**value);
    if (!v)
      return layout::nonsense(family::consensus, key, "malformed new view");
    to.new_view = std::move(*v);
  }
  return {};
}

expected<void> load_proposals(const reader& s, consensus::recovered_state& to) {
  return load_records(s, record_kind::proposal, to.stable.what.sequence,
                      [&](byte_view key, byte_view payload) -> expected<bool> {
                        unpacker in{payload};
                        pre_prepare p;
                        p.what = in.statement();
                        p.signature = in.fixed<signature>();
                        p.block = std::make_shared<const bytes>(in.rest());
                        if (!in.done()
                            || key
                                   != layout::record_key(record_kind::proposal,
                                                         p.what.sequence.value(),
                                                         p.what.view.value()))
                          return layout::nonsense(family::consensus, key, "malformed proposal");
                        to.proposals.push_back(std::move(p));
                        return true;
                      });
}

expected<void> load_votes(const reader& s, consensus::recovered_state& to) {
  return load_records(
      s, record_kind::vote, to.stable.what.sequence,
      [&](byte_view key, byte_view payload) -> expected<bool> {
        unpacker in{payload};
        consensus::vote_record r{static_cast<consensus::vote_kind>(key.back()), in.statement()};
        if (!in.done() || r.kind < consensus::vote_kind::pre_prepare
            || r.kind > consensus::vote_kind::commit || key != layout::vote_key(r))
          return layout::nonsense(family::consensus, key, "malformed vote");
        to.votes.push_back(r);
        return true;
      });
}

expected<void> load_prepared(const reader& s, consensus::recovered_state& to) {
  return load_records(s, record_kind::prepared, to.stable.what.sequence,
                      [&](byte_view key, byte_view payload) -> expected<bool> {
                        auto c = decode_prepared_certificate(payload);
                        if (!c
                            || key
                                   != layout::record_key(record_kind::prepared,
                                                         c->what.sequence.value(),
                                                         c->what.view.value()))
                          return layout::nonsense(family::consensus, key, "malformed certificate");
                        to.prepared.push_back(std::move(*c));
                        return true;
                      });
}

expected<void> load_committed(const reader& s, consensus::recovered_state& to) {
  // Also those that the own checkpoint does not cover yet, though a stable one does.
  auto known = std::min(to.stable.what.sequence, to.executed);
  return layout::load_range(s, family::blocks, layout::sequence_key(known.next()), {},
                            [&](byte_view key, byte_view payload) -> expected<bool> {
                              auto b = layout::unpack_block(key, payload);
                              if (!b)
                                return tl::unexpected{b.error()};
                              to.committed.push_back(std::move(*b));
                              return true;
                            });
}

} // namespace

expected<std::optional<consensus::silence>> load_silence(const reader& s) {
  auto value = layout::load(s, family::meta, layout::silence_key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return std::nullopt;
  unpacker in{**value};
  consensus::silence out{in.u64(), sequence_number{in.u64()}};
  if (!in.done() || out.mark == 0)
    return layout::nonsense(family::meta, layout::silence_key, "malformed");
  return out;
}

void append(write_batch& to, const consensus::silence& s) {
  auto payload = layout::packer{32}.u64(s.mark).u64(s.until.value()).take();
  to.put(family::meta, bytes{layout::silence_key},
         layout::seal(family::meta, layout::silence_key, std::move(payload)));
}

void erase_silence(write_batch& to) {
  to.erase(family::meta, bytes{layout::silence_key});
}

expected<void> open_for(store& s, const digest& cluster, replica_id self,
                        std::optional<consensus::silence> silence) {
  auto found = layout::load_identity(s);
  if (!found)
    return tl::unexpected{found.error()};
  if (*found) {
    if ((*found)->cluster != cluster)
      return fail(errc::wrong_cluster, "the database is of cluster "
                                           + to_hex((*found)->cluster.view()) + ", not "
                                           + to_hex(cluster.view()));
    if ((*found)->replica != self)
      return fail(errc::wrong_cluster, "the database is of replica "
                                           + std::to_string((*found)->replica.value()) + ", not "
                                           + std::to_string(self.value()));
    return {};
  }
  auto used = has_any_key(s);
  if (!used)
    return tl::unexpected{used.error()};
  if (*used)
    return fail(errc::corrupt, "the database holds data but does not say of which cluster");
  bytes key{layout::identity_key};
  auto payload = layout::packer{64}
                     .u32(layout::identity::current_format)
                     .u16(self.value())
                     .fixed(cluster)
                     .take();
  write_batch batch;
  batch.put(family::meta, key, layout::seal(family::meta, key, std::move(payload)));
  if (silence)
    append(batch, *silence);
  return s.write(batch, durability::synced);
}

expected<consensus::recovered_state> load_consensus(const reader& s, const digest& cluster) {
  consensus::recovered_state out;
  out.chain = cluster;
  auto checkpoint = load_checkpoint(s);
  if (!checkpoint)
    return tl::unexpected{checkpoint.error()};
  if (*checkpoint) {
    out.executed = (*checkpoint)->sequence;
    out.chain = (*checkpoint)->chain;
  }
  auto stable = load_stable(s);
  if (!stable)
    return tl::unexpected{stable.error()};
  if (*stable)
    out.stable = std::move(**stable);
  for (auto part :
       {load_view, load_new_view, load_proposals, load_votes, load_prepared, load_committed})
    if (auto ok = part(s, out); !ok)
      return tl::unexpected{ok.error()};
  return out;
}

expected<std::optional<stable_checkpoint>> load_stable(const reader& s) {
  auto key = layout::record_key(record_kind::stable);
  auto value = layout::load(s, family::consensus, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return std::nullopt;
  auto stable = decode_stable_checkpoint(**value);
  if (!stable)
    return layout::nonsense(family::consensus, key, "malformed certificate");
  return std::move(*stable);
}

expected<std::vector<equivocation>> load_evidence(const reader& s) {
  std::vector<equivocation> out;
  auto kind = static_cast<char>(record_kind::equivocation);
  auto ok = layout::load_range(
      s, family::consensus, bytes(1, kind), bytes(1, static_cast<char>(kind + 1)),
      [&](byte_view key, byte_view payload) -> expected<bool> {
        auto e = decode_equivocation(payload);
        if (!e)
          return layout::nonsense(family::consensus, key, "malformed evidence");
        out.push_back(*e);
        return true;
      });
  if (!ok)
    return tl::unexpected{ok.error()};
  return out;
}

expected<std::optional<stored_checkpoint>> load_checkpoint(const reader& s) {
  auto value = layout::load(s, family::meta, layout::checkpoint_key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return std::nullopt;
  unpacker in{**value};
  auto out = layout::unpack_checkpoint(in);
  if (!in.done())
    return layout::nonsense(family::meta, layout::checkpoint_key, "malformed");
  return out;
}

expected<std::optional<bytes>> load_page(const reader& s, market::page_key key) {
  return layout::load(s, family::pages, layout::page_key(key));
}

expected<void> load_pages(const reader& s,
                          const std::function<expected<void>(market::page_key, byte_view)>& visit) {
  return load_pages_from(s, {market::page_kind{}, 0, 0},
                         [&](market::page_key key, byte_view content) -> expected<bool> {
                           if (auto ok = visit(key, content); !ok)
                             return tl::unexpected{ok.error()};
                           return true;
                         });
}

expected<void>
load_pages_from(const reader& s, market::page_key from,
                const std::function<expected<bool>(market::page_key, byte_view)>& visit) {
  return layout::load_range(s, family::pages, layout::page_key(from), {},
                            [&](byte_view key, byte_view payload) -> expected<bool> {
                              unpacker in{key};
                              auto packed = in.big_u64();
                              if (!in.done())
                                return layout::nonsense(family::pages, key, "malformed key");
                              return visit(market::page_key::unpack(packed), payload);
                            });
}

} // namespace bourse::storage
