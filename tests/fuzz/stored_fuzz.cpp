// A ledger whose values were changed and sealed again, so that no checksum tells: everything that
// reads one must say so or go on, and the audit must name a problem rather than end. The input is a
// row of edits of a small ledger.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "messages/assert.hpp"
#include "storage/audit.hpp"
#include "storage/base.hpp"
#include "storage/explain_order.hpp"
#include "storage/layout.hpp"
#include "storage/memory_store.hpp"
#include "storage/records.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/storage/base_steps.hpp"
#include "tests/storage/fake_ledger.hpp"

using namespace bourse::storage;
using bourse::fuzz::choices;

namespace {

constexpr std::size_t most_edits = 16;

struct entry {
  family where;
  bytes key;
  bytes payload;
};

/// A log that begins behind a base, with another base to come and an open slot at its end.
struct sample {
  bourse::tests::fake_ledger ledger{1};
  std::vector<entry> entries;

  sample() {
    memory_disk disk;
    auto s = open_memory_store(disk);
    BOURSE_ASSERT(open_for(*s, ledger.cluster(), ledger.self));
    ledger.write_blocks(*s, 4);
    bourse::tests::write_next_base(*s);
    ledger.write_blocks(*s, 5);
    bourse::tests::prune(*s);
    bourse::tests::write_next_base(*s);
    ledger.write_open_slot(*s);
    for (std::size_t f = 0; f < family_count; ++f) {
      auto where = static_cast<family>(f);
      auto read = s->scan(where, {}, {}, [&](byte_view key, byte_view value) {
        auto payload = layout::unseal(where, key, value);
        BOURSE_ASSERT(payload);
        entries.push_back({where, bytes{key}, bytes{*payload}});
        return true;
      });
      BOURSE_ASSERT(read);
    }
  }
};

const sample& original() {
  static const sample s;
  return s;
}

void edit_bytes(bytes& b, choices& c) {
  auto at = c.below(b.size() + 1);
  switch (c.below(4)) {
    case 0:
      if (at < b.size())
        b[at] = static_cast<char>(c.byte());
      return;
    case 1:
      b.insert(at, c.below(16), static_cast<char>(c.byte()));
      return;
    case 2:
      b.erase(at, c.below(64));
      return;
    default:
      b.resize(at);
  }
}

void edit(std::vector<entry>& entries, choices& c) {
  auto& e = entries[c.below(entries.size())];
  const auto& other = entries[c.below(entries.size())];
  switch (c.below(8)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return edit_bytes(e.payload, c);
    case 4:
      e.payload = other.payload;
      return;
    case 5:
      return edit_bytes(e.key, c);
    case 6:
      e.key = other.key;
      return;
    default:
      if (entries.size() > 1)
        entries.erase(entries.begin() + (&e - entries.data()));
  }
}

std::unique_ptr<store> sealed(const std::vector<entry>& entries) {
  memory_disk disk;
  auto s = open_memory_store(disk);
  write_batch batch;
  for (const auto& e : entries) {
    auto payload = e.payload;
    payload.reserve(payload.size() + layout::seal_size);
    batch.put(e.where, e.key, layout::seal(e.where, e.key, std::move(payload)));
  }
  BOURSE_ASSERT(s->write(batch, durability::synced));
  return s;
}

void read_state(const reader& s) {
  auto yes = [](bourse::market::page_key, byte_view) -> expected<bool> {
    return true;
  };
  load_silence(s);
  load_checkpoint(s);
  load_stable(s);
  load_evidence(s);
  load_consensus(s, original().ledger.cluster());
  load_pages(s, [](auto, byte_view) -> expected<void> { return {}; });
  load_pages_from(s, {}, yes);
  load_base(s);
  load_next_base(s);
  first_kept(s);
  last_committed(s);
  load_pending(s, [](auto&, auto) -> expected<void> { return {}; });
  load_reports(s, replica_id{0}, report_index{0},
               [](auto&, auto) -> expected<bool> { return true; });
  layout::load_identity(s);
  if (auto bases = list_base_pages(s))
    for (auto n : *bases) {
      load_base_pages(s, n, yes);
      load_base_time(s, n);
      load_base_reports(s, n, client_id{0});
    }
}

void read_log(const reader& s) {
  const auto& blocks = original().ledger.blocks();
  for (std::uint64_t n = 0; n <= blocks.size() + 1; ++n) {
    sequence_number at{n};
    auto block = load_block(s, at);
    auto name = block && *block ? (*block)->certificate.what.digest : digest{};
    load_bodies(s, at, name);
    std::size_t read = 0;
    load_bodies(s, at, std::vector<digest>{name, hash("none")}, read);
    load_settlements(s, at);
  }
  for (const auto& b : blocks)
    for (const auto& r : b.reports)
      load_report(s, bourse::fairness::name_of(*r));
  load_blocks(s, sequence_number{1}, 100, 1'000'000);
  for (std::uint32_t client = 0; client < 5; ++client)
    for (std::uint64_t number : {1, 2, 7, 1000}) {
      load_reports(s, client_id{client}, report_number{number}, 10);
      load_receipt(s, client_id{client}, report_number{number});
    }
  load_trades(s, instrument_id{0}, sequence_number{1000}, 100);
  for (const order_name& name :
       {order_name{submission_header{client_id{1}, stream_id{0}, submission_number{2}}},
        order_name{order_of_account{account_id{1}, client_order_id{3}}},
        order_name{order_id{blocks.size() << 16 | 1}}})
    find_orders(s, name, original().ledger.genesis().rules);
}

/// It checks signatures and executes, so only few inputs ask for it.
void audit(const reader& s, bool untouched) {
  auto report = verify_ledger(s, original().ledger.genesis(), {});
  if (untouched)
    BOURSE_ASSERT(report && !report->problem);
}

/// Of the newest order that is there.
void explain(const reader& s, bool untouched) {
  const auto& blocks = original().ledger.blocks();
  auto with_orders = std::find_if(blocks.rbegin(), blocks.rend(),
                                  [](auto& b) { return !b.submissions.empty(); });
  BOURSE_ASSERT(with_orders != blocks.rend());
  const auto& body = *with_orders->submissions.back();
  auto report = explain_order(
      s, original().ledger.genesis(),
      {bourse::fairness::about(body).about, body.digest, with_orders->result->sequence});
  if (untouched)
    BOURSE_ASSERT(report && report->order);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  choices c{data, size};
  auto entries = original().entries;
  auto part = c.below(64); // what reads it: all at once would be slow
  std::size_t edits = 0;
  for (; edits < most_edits && !c.used_up(); ++edits)
    edit(entries, c);
  auto s = sealed(entries);
  if (part < 30)
    read_state(*s);
  else if (part < 60)
    read_log(*s);
  else if (part < 62)
    (void)restore_base(*s);
  else if (part < 63)
    explain(*s, edits == 0);
  else
    audit(*s, edits == 0);
  return 0;
}
