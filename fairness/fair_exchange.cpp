#include "fairness/fair_exchange.hpp"

#include <algorithm>
#include <iterator>

#include "messages/assert.hpp"

namespace bourse::fairness {

namespace {

bool of_order(const market::page_key& key) {
  return key.kind == market::page_kind::bodies || key.kind == market::page_kind::fair_order;
}

} // namespace

fair_exchange::fair_exchange(const market::rules& rules, cluster_size size,
                             std::uint64_t checkpoint_interval, std::uint64_t seed)
    : rules_(rules),
      checkpoint_interval_(checkpoint_interval),
      market_(rules, seed),
      order_(rules, size, seed) {
  BOURSE_ASSERT(checkpoint_interval > 0);
}

std::vector<digest> fair_exchange::begin(std::span<const chain_head> heads,
                                         const report_store& store) {
  null_ = heads.empty();
  return null_ ? std::vector<digest>{} : order_.begin(heads, store);
}

fair_exchange::outcome fair_exchange::finish(sequence_number n, const digest& block,
                                             std::span<const submission_ptr> bodies,
                                             block_explanation* why) {
  outcome out;
  market::block_input input{n, block, block_time{0}, {}};
  if (!null_) {
    input.submissions = order_.finish(bodies, why);
    input.time = block_time_of(order_.time());
    out.executed = input.submissions;
    out.voided = order_.voided();
  }
  out.result = market_.execute(input);
  // The order and the market agree on where each stream stands.
  BOURSE_ASSERT(std::all_of(out.result.fates.begin(), out.result.fates.end(),
                            [](auto f) { return f == market::submission_fate::executed; }));
  if (n.value() % checkpoint_interval_ == 0)
    for (auto& page : order_.take_dirty_pages()) {
      market_.set_page(page.key, page.content);
      order_pages_.push_back(std::move(page));
    }
  return out;
}

digest fair_exchange::page_root() {
  take_dirty_pages();
  return market_.page_root();
}

std::vector<market::page_update> fair_exchange::take_dirty_pages() {
  auto pages = market_.take_dirty_pages();
  std::move(order_pages_.begin(), order_pages_.end(), std::back_inserter(pages));
  order_pages_.clear();
  return pages;
}

void fair_exchange::set_positions() {
  positioned_ = true;
  for (std::uint32_t c = 0; c < rules_.clients.size(); ++c)
    for (std::uint8_t s = 0; s < max_streams; ++s)
      order_.set_next(client_id{c}, stream_id{s},
                      market_.clearing().next_submission(client_id{c}, stream_id{s}));
}

expected<void> fair_exchange::restore(const market::page_key& key, byte_view content) {
  if (!of_order(key)) {
    if (positioned_)
      return fail(errc::corrupt, "a page of the market behind those of the order");
    return market_.restore(key, content);
  }
  if (!positioned_)
    set_positions();
  if (auto ok = order_.restore(key, content); !ok)
    return ok;
  market_.set_page(key, content);
  return {};
}

expected<void> fair_exchange::finish_restore() {
  if (!positioned_)
    set_positions();
  return order_.finish_restore();
}

} // namespace bourse::fairness
