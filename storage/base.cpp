#include "storage/base.hpp"

#include <algorithm>

#include "fairness/chain_heads.hpp"
#include "market/client_windows.hpp"
#include "market/ledger_totals.hpp"
#include "storage/layout.hpp"

namespace bourse::storage {

using layout::packer;
using layout::seal_size;
using layout::unpacker;

namespace {

constexpr market::page_key totals_page{market::page_kind::ledger_totals, 0, 0};

/// The key before all pages at `of`; of.next() gives the one behind them.
bytes bound(sequence_number of) {
  return layout::sequence_key(of);
}

expected<market::page_key> unpack_key(byte_view key) {
  unpacker in{key};
  in.big_u64();
  auto packed = in.big_u64();
  if (!in.done())
    return layout::nonsense(family::base, key, "malformed key");
  return market::page_key::unpack(packed);
}

void put_record(write_batch& to, byte_view key, const base_record& b) {
  packer payload;
  layout::pack(payload, b.what).raw(encode(b.proof));
  to.put(family::meta, bytes{key}, layout::seal(family::meta, key, payload.take()));
}

expected<std::optional<base_record>> load_record(const reader& s, byte_view key) {
  auto value = layout::load(s, family::meta, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return std::nullopt;
  unpacker in{**value};
  base_record out;
  out.what = layout::unpack_checkpoint(in);
  auto proof = decode_stable_checkpoint(in.rest());
  if (!proof || !in.done())
    return layout::nonsense(family::meta, key, "malformed");
  out.proof = std::move(*proof);
  if (out.proof.what != checkpoint_statement{out.what.sequence, out.what.state})
    return layout::nonsense(family::meta, key, "the proof is of another state");
  return out;
}

void erase_blocks(write_batch& to, sequence_number last) {
  auto end = layout::sequence_key(last.next());
  to.erase_range(family::blocks, {}, end);
  to.erase_range(family::bodies, {}, end);
}

void erase_results(write_batch& to, sequence_number last) {
  to.erase_range(family::results, layout::results_key(sequence_number{0}),
                 layout::results_key(last.next()));
  to.erase_range(family::results, layout::settlements_key(sequence_number{0}),
                 layout::settlements_key(last.next()));
}

/// The numbers of the next reports of a page's clients at a base; none if there is no such page.
expected<std::vector<report_number>> next_reports(const reader& s, sequence_number of,
                                                  market::page_key key) {
  auto page = load_base_page(s, of, key);
  if (!page)
    return tl::unexpected{page.error()};
  if (!*page)
    return std::vector<report_number>{};
  return market::client_windows::read_next_reports(**page);
}

/// The index of reports is by client, and what lies below the base goes client by client. Those who
/// got none since the base before are spared.
expected<void> erase_reports(write_batch& to, const reader& s, sequence_number last) {
  auto base = load_base(s);
  if (!base)
    return tl::unexpected{base.error()};
  auto before = *base ? (*base)->what.sequence : sequence_number{0};
  return load_base_pages(s, last,
                         [&](market::page_key key, byte_view content) -> expected<bool> {
                           if (key.kind != market::page_kind::clients)
                             return false;
                           auto next = market::client_windows::read_next_reports(content);
                           auto old = next_reports(s, before, key);
                           if (!next || !old)
                             return tl::unexpected{next ? old.error() : next.error()};
                           old->resize(next->size(), report_number{1});
                           auto first = key.index * market::client_windows::per_page;
                           for (std::size_t i = 0; i < next->size(); ++i) {
                             auto client = client_id{static_cast<std::uint32_t>(first + i)};
                             if ((*next)[i] > (*old)[i])
                               to.erase_range(family::reports,
                                              layout::report_key(client, report_number{0}),
                                              layout::report_key(client, (*next)[i]));
                           }
                           return true;
                         },
                         {market::page_kind::clients, 0, 0});
}

/// Reports that the state at `of` covers: those below its heads. The heads themselves stay, and
/// what is above them.
expected<void> erase_covered(write_batch& to, const reader& s, sequence_number of) {
  auto page = load_base_page(s, of, fairness::chain_heads::page);
  if (!page)
    return tl::unexpected{page.error()};
  if (!*page)
    return fail(errc::corrupt, "the page of the chains' heads is missing");
  auto heads = fairness::chain_heads::read(**page);
  if (!heads)
    return tl::unexpected{heads.error()};
  for (std::size_t i = 0; i < heads->size(); ++i) {
    replica_id who{static_cast<std::uint16_t>(i)};
    to.erase_range(family::stamps, layout::chain_bound(who, report_index{0}),
                   layout::chain_bound(who, (*heads)[i].index));
  }
  return {};
}

void erase_pending(write_batch& to, client_id client,
                   const market::client_windows::stream_numbers& next) {
  for (std::uint8_t i = 0; i < max_streams; ++i) {
    submission_header from{client, stream_id{i}, submission_number{0}};
    submission_header end{client, stream_id{i}, next[i]};
    if (next[i] > submission_number{1})
      to.erase_range(family::stamps, layout::pending_bound(from), layout::pending_bound(end));
  }
}

/// Pending bodies that had executed by the state at `of`.
expected<void> erase_executed(write_batch& to, const reader& s, sequence_number of) {
  return load_base_pages(s, of,
                         [&](market::page_key key, byte_view content) -> expected<bool> {
                           if (key.kind != market::page_kind::clients)
                             return false;
                           auto next = market::client_windows::read_next_submissions(content);
                           if (!next)
                             return tl::unexpected{next.error()};
                           auto client = static_cast<std::uint32_t>(
                               key.index * market::client_windows::per_page);
                           for (const auto& numbers : *next)
                             erase_pending(to, client_id{client++}, numbers);
                           return true;
                         },
                         {market::page_kind::clients, 0, 0});
}

void put_base(write_batch& to, const base_record& b) {
  put_record(to, layout::base_key, b);
  to.erase(family::meta, bytes{layout::next_base_key});
}

} // namespace

expected<std::optional<base_record>> load_base(const reader& s) {
  return load_record(s, layout::base_key);
}

expected<std::optional<base_record>> load_next_base(const reader& s) {
  return load_record(s, layout::next_base_key);
}

expected<sequence_number> first_kept(const reader& s) {
  auto base = load_base(s);
  if (!base)
    return tl::unexpected{base.error()};
  return *base ? (*base)->what.sequence.next() : sequence_number{1};
}

// -- pages ---------------------------------------------------------------------------------------

void append_base_page(write_batch& to, sequence_number of, market::page_key key,
                      byte_view content) {
  auto where = layout::base_page_key(of, key);
  auto value
      = layout::seal(family::base, where, packer{content.size() + seal_size}.raw(content).take());
  to.put(family::base, std::move(where), std::move(value));
}

void erase_base_pages(write_batch& to, sequence_number of) {
  to.erase_range(family::base, bound(of), bound(of.next()));
}

expected<void>
load_base_pages(const reader& s, sequence_number of,
                const std::function<expected<bool>(market::page_key, byte_view)>& visit,
                market::page_key from) {
  return layout::load_range(s, family::base, layout::base_page_key(of, from), bound(of.next()),
                            [&](byte_view key, byte_view payload) -> expected<bool> {
                              auto page = unpack_key(key);
                              if (!page)
                                return tl::unexpected{page.error()};
                              return visit(*page, payload);
                            });
}

expected<std::optional<bytes>> load_base_page(const reader& s, sequence_number of,
                                              market::page_key key) {
  return layout::load(s, family::base, layout::base_page_key(of, key));
}

expected<std::vector<sequence_number>> list_base_pages(const reader& s) {
  std::vector<sequence_number> out;
  auto from = bytes{};
  for (bool more = true; more;) {
    more = false;
    expected<void> good;
    auto ok = s.scan(family::base, from, {}, [&](byte_view key, byte_view) {
      auto n = sequence_number{unpacker{key}.big_u64()};
      if (auto page = unpack_key(key); !page)
        good = tl::unexpected{page.error()};
      else if (n.value() == UINT64_MAX) // nothing can lie behind it
        good = layout::nonsense(family::base, key, "no such block");
      else
        out.push_back(n);
      more = good.has_value();
      return false;
    });
    if (!ok || !good)
      return tl::unexpected{ok ? good.error() : ok.error()};
    if (more)
      from = bound(out.back().next());
  }
  return out;
}

expected<block_time> load_base_time(const reader& s, sequence_number of) {
  auto page = load_base_page(s, of, totals_page);
  if (!page)
    return tl::unexpected{page.error()};
  if (!*page)
    return fail(errc::not_found, "the page of totals is missing");
  return market::ledger_totals::read_time(**page);
}

expected<report_number> load_base_reports(const reader& s, sequence_number of, client_id client) {
  constexpr auto per_page = market::client_windows::per_page;
  auto next = next_reports(s, of, {market::page_kind::clients, 0, client.value() / per_page});
  if (!next)
    return tl::unexpected{next.error()};
  auto i = client.value() % per_page;
  if (i >= next->size())
    return fail(errc::not_found, "no such client");
  return (*next)[i];
}

// -- becoming the base ---------------------------------------------------------------------------

void append_next_base(write_batch& to, const base_record& b) {
  put_record(to, layout::next_base_key, b);
}

expected<bool> append_install(write_batch& to, const reader& s, const base_record& b) {
  auto n = b.what.sequence;
  auto own = load_checkpoint(s);
  auto stable = load_stable(s);
  if (!own || !stable)
    return tl::unexpected{own ? stable.error() : own.error()};
  if (*own && (*own)->sequence >= n)
    return false;
  to.erase_range(family::base, {}, bound(n));
  to.erase_range(family::base, bound(n.next()), {});
  erase_blocks(to, n);
  for (auto erase : {erase_covered, erase_executed})
    if (auto ok = erase(to, s, n); !ok)
      return tl::unexpected{ok.error()};
  to.erase_range(family::results, {}, {});
  to.erase_range(family::reports, {}, {});
  if (!*stable || (*stable)->what.sequence < n)
    append(to, consensus::record{consensus::stable_record{b.proof}});
  put_base(to, b);
  return true;
}

expected<void> append_prune(write_batch& to, const reader& s, const base_record& b) {
  auto n = b.what.sequence;
  to.erase_range(family::base, {}, bound(n));
  erase_blocks(to, n);
  erase_results(to, n);
  for (auto erase : {erase_reports, erase_covered})
    if (auto ok = erase(to, s, n); !ok)
      return ok;
  put_base(to, b);
  return {};
}

expected<bool> restore_base(store& s, std::size_t slice_bytes) {
  auto base = load_base(s);
  auto own = load_checkpoint(s);
  if (!base || !own)
    return tl::unexpected{base ? own.error() : base.error()};
  if (!*base || (*own && (*own)->sequence >= (*base)->what.sequence))
    return false;
  write_batch batch;
  // The own checkpoint stays below the base until all pages are there, so this would be repeated.
  batch.erase_range(family::pages, {}, {});
  auto copied = load_base_pages(s, (*base)->what.sequence,
                                [&](market::page_key key, byte_view content) -> expected<bool> {
                                  append_page(batch, key, content);
                                  if (batch.size_bytes() < slice_bytes)
                                    return true;
                                  auto ok = s.write(batch, durability::buffered);
                                  batch.clear();
                                  if (!ok)
                                    return tl::unexpected{ok.error()};
                                  return true;
                                });
  if (!copied)
    return tl::unexpected{copied.error()};
  append(batch, (*base)->what, {});
  if (auto ok = s.write(batch, durability::synced); !ok)
    return tl::unexpected{ok.error()};
  return true;
}

} // namespace bourse::storage
