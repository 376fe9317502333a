// Reading what blocks gave: reports, their proofs, and settlements.
#include <algorithm>

#include "messages/merkle.hpp"
#include "storage/layout.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

using layout::results_value;

namespace {

/// A value of `results`, and the bytes that its views are of.
struct loaded_results {
  bytes payload;
  results_value content;
};

expected<std::unique_ptr<loaded_results>> load_results(const reader& s, sequence_number n) {
  auto key = layout::results_key(n);
  auto value = layout::load(s, family::results, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return fail(errc::not_found, "results of block " + std::to_string(n.value()));
  auto out = std::make_unique<loaded_results>();
  out->payload = std::move(**value);
  auto content = layout::unpack_results(key, out->payload);
  if (!content)
    return tl::unexpected{content.error()};
  out->content = std::move(*content);
  return out;
}

const results_value::client_part* find_client(const results_value& r, client_id client) {
  auto i = std::find_if(r.clients.begin(), r.clients.end(),
                        [client](auto& part) { return part.client == client; });
  return i == r.clients.end() ? nullptr : &*i;
}

/// An entry of the index of reports.
struct report_place {
  report_number first;
  sequence_number block;
};

expected<report_place> unpack_place(byte_view key, byte_view payload) {
  auto n = layout::unpack_report_place(key, payload);
  if (!n)
    return tl::unexpected{n.error()};
  layout::unpacker in{key};
  in.raw(4);
  report_place out{report_number{in.big_u64()}, *n};
  if (!in.done())
    return layout::nonsense(family::reports, key, "malformed key");
  return out;
}

/// The client's entries from the last one that begins at or before `from` on.
expected<std::vector<report_place>> load_places(const reader& s, client_id client,
                                                report_number from, std::size_t count) {
  auto begin = layout::report_key(client, from);
  // Report numbers stay far below 2^64, so `next` does not wrap to the client's first key.
  auto before = s.last(family::reports, layout::report_key(client, report_number{0}),
                       layout::report_key(client, from.next()));
  if (!before)
    return tl::unexpected{before.error()};
  if (*before)
    begin = (*before)->first;
  std::vector<report_place> out;
  auto ok = layout::load_range(s, family::reports, begin,
                               layout::report_key(client_id{client.value() + 1}, report_number{0}),
                               [&](byte_view key, byte_view payload) -> expected<bool> {
                                 auto place = unpack_place(key, payload);
                                 if (!place)
                                   return tl::unexpected{place.error()};
                                 out.push_back(*place);
                                 return out.size() < count;
                               });
  if (!ok)
    return tl::unexpected{ok.error()};
  return out;
}

/// The results that the index points to, and the client's part of them.
expected<std::unique_ptr<loaded_results>> load_place(const reader& s, client_id client,
                                                     const report_place& place,
                                                     const results_value::client_part*& part) {
  auto results = load_results(s, place.block);
  if (!results)
    return results;
  part = find_client((*results)->content, client);
  if (part == nullptr || part->first != place.first)
    return layout::nonsense(family::reports, layout::report_key(client, place.first),
                            "the block that it names has no such reports");
  return results;
}

} // namespace

expected<std::vector<stored_reports>> load_reports(const reader& s, client_id client,
                                                   report_number from, std::size_t count) {
  std::vector<stored_reports> out;
  if (count == 0)
    return out;
  // One more: the first may end before `from`.
  auto places = load_places(s, client, from, count + 1);
  if (!places)
    return tl::unexpected{places.error()};
  for (auto& place : *places) {
    const results_value::client_part* part = nullptr;
    auto results = load_place(s, client, place, part);
    if (!results)
      return tl::unexpected{results.error()};
    if (part->first.value() + part->count <= from.value())
      continue;
    auto& content = (*results)->content;
    out.push_back(
        {content.what, content.by, {part->client, part->first, part->count, bytes{part->encoded}}});
    if (out.size() == count)
      break;
  }
  return out;
}

namespace {

/// Digests of all leaves under a block's root, the index of one report among them, and its bytes.
struct leaves {
  std::vector<digest> digests;
  std::uint32_t index = 0;
  bytes report;
};

/// Leaves are not stored: they are a third of what is, and only a receipt asks for them.
expected<leaves> compute_leaves(const results_value& r, client_id client, report_number number) {
  leaves out;
  for (const auto& part : r.clients) {
    auto reports = decode_reports(part.encoded, part.count);
    if (!reports || reports->size() != part.count)
      return layout::nonsense(family::results, layout::results_key(r.what.sequence),
                              "malformed reports");
    for (auto& content : *reports) {
      auto leaf = encode(content);
      auto wanted = part.client == client && content.number == number;
      if (wanted)
        out.index = static_cast<std::uint32_t>(out.digests.size());
      out.digests.push_back(merkle_leaf(leaf));
      if (wanted)
        out.report = std::move(leaf);
    }
  }
  if (out.report.empty())
    return fail(errc::not_found, "no such report");
  if (merkle_root(out.digests) != r.what.results)
    return layout::nonsense(family::results, layout::results_key(r.what.sequence),
                            "the reports do not have the signed root");
  return out;
}

} // namespace

expected<receipt_share> load_receipt(const reader& s, client_id client, report_number number) {
  auto places = load_places(s, client, number, 1);
  if (!places)
    return tl::unexpected{places.error()};
  auto missing = [&] {
    return fail(errc::not_found, "client " + std::to_string(client.value()) + " has no report "
                                     + std::to_string(number.value()));
  };
  if (places->empty() || places->front().first > number)
    return missing();
  const results_value::client_part* part = nullptr;
  auto results = load_place(s, client, places->front(), part);
  if (!results)
    return tl::unexpected{results.error()};
  if (number.value() >= part->first.value() + part->count)
    return missing();
  auto& content = (*results)->content;
  auto all = compute_leaves(content, client, number);
  if (!all)
    return tl::unexpected{all.error()};
  receipt_share out;
  out.report = std::move(all->report);
  out.index = all->index;
  out.count = static_cast<std::uint32_t>(all->digests.size());
  out.path = merkle_path(all->digests, all->index);
  out.what = content.what;
  out.by = content.by;
  return out;
}

expected<std::vector<trade>> load_trades(const reader& s, instrument_id instrument,
                                         sequence_number last, std::size_t count) {
  // A quiet instrument on a busy exchange: stop before the ledger is held up.
  constexpr std::size_t most_bytes = std::size_t{8} * 1024 * 1024;
  constexpr std::size_t most_blocks = 4096;

  std::vector<trade> out;
  auto first = layout::settlements_key(sequence_number{0});
  auto end = layout::settlements_key(last.next());
  std::size_t read = 0;
  for (std::size_t i = 0; i < most_blocks && read < most_bytes && out.size() < count; ++i) {
    auto found = s.last(family::results, first, end);
    if (!found)
      return tl::unexpected{found.error()};
    if (!*found)
      break;
    auto& [key, value] = **found;
    auto payload = layout::unseal(family::results, key, value);
    if (!payload)
      return tl::unexpected{payload.error()};
    auto block = layout::unpack_settlements(key, *payload);
    if (!block)
      return tl::unexpected{block.error()};
    for (auto t = block->settlements.rbegin(); t != block->settlements.rend() && out.size() < count;
         ++t)
      if (t->trade != trade_id{} && t->instrument == instrument)
        out.push_back({t->trade, block->time, t->price, t->quantity, t->taker_side});
    read += value.size();
    end = std::move(key);
  }
  return out;
}

expected<block_time> load_block_time(const reader& s, sequence_number n) {
  auto results = load_results(s, n);
  if (!results)
    return tl::unexpected{results.error()};
  return (*results)->content.time;
}

expected<std::vector<settlement>> load_settlements(const reader& s, sequence_number n) {
  auto results = load_results(s, n);
  if (!results)
    return tl::unexpected{results.error()};
  auto wanted = (*results)->content.settlements;
  if (wanted == 0)
    return std::vector<settlement>{};
  auto key = layout::settlements_key(n);
  auto value = layout::load(s, family::results, key);
  if (!value)
    return tl::unexpected{value.error()};
  if (!*value)
    return layout::nonsense(family::results, key, "missing");
  auto block = layout::unpack_settlements(key, **value);
  if (!block)
    return tl::unexpected{block.error()};
  if (block->settlements.size() != wanted)
    return layout::nonsense(family::results, key, "not as many as the block has");
  return std::move(block->settlements);
}

} // namespace bourse::storage
