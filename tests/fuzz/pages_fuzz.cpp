// State pages as another replica may send them: kind and index of the page, one byte each, then its
// content. What is accepted must be good to go on with.
#include <cstddef>
#include <cstdint>

#include "market/clearing_house.hpp"
#include "market/client_windows.hpp"
#include "market/ledger_totals.hpp"
#include "market/matcher.hpp"
#include "messages/assert.hpp"
#include "tests/market/samples.hpp"

using namespace bourse::market;

namespace {

void try_house(const rules& r, const page_key& key, byte_view content) {
  clearing_house house{r};
  if (!house.restore(key, content) || house.executed().value() == UINT64_MAX)
    return;
  house.begin({house.executed().next(), {}, block_time{UINT64_MAX}, {}});
  std::vector<outcome> outcomes(r.instruments.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    outcomes[i].instrument = instrument_id{static_cast<std::uint16_t>(i)};
  house.finish(std::move(outcomes));
  house.take_dirty_pages();
}

/// The orders can be cancelled, and are then gone, or expire.
void try_orders(const rules& r, const page_key& key, byte_view content) {
  matcher m{instrument_id{0}, r};
  if (!m.restore(key, content))
    return;
  BOURSE_ASSERT(m.take_dirty_pages().empty());
  m.view(100);
  work w;
  w.sequence = sequence_number{UINT64_MAX >> 20}; // long after
  for (std::uint32_t i = 0; i < r.accounts.size(); ++i)
    w.items.emplace_back(cancel_all_work{{}, account_id{i}});
  m.run(w);
  BOURSE_ASSERT(m.open_orders() == 0);
  m.take_dirty_pages();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto r = samples::small_rules();
  if (size < 2)
    return 0;
  page_key key{static_cast<page_kind>(data[0] % 8), 0, data[1]};
  byte_view content{reinterpret_cast<const char*>(data) + 2, size - 2};
  if (key.kind == page_kind::orders)
    try_orders(r, {key.kind, 0, key.index << 9}, content); // that of the block's first orders
  else
    try_house(r, key, content);
  // What state transfer and storage read of single pages.
  client_windows::read_next_reports(content);
  ledger_totals::read_time(content);
  return 0;
}
