// State pages of the clearing house as another replica may send them: kind and index of the page,
// one byte each, then its content. What is accepted must be good to go on with.
#include <cstddef>
#include <cstdint>

#include "market/clearing_house.hpp"
#include "tests/market/samples.hpp"

using namespace bourse::market;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto r = samples::small_rules();
  if (size < 2)
    return 0;
  page_key key{static_cast<page_kind>(data[0]), 0, data[1]};
  clearing_house house{r};
  if (!house.restore(key, {reinterpret_cast<const char*>(data) + 2, size - 2}))
    return 0;
  if (house.executed().value() == UINT64_MAX)
    return 0;
  house.begin({house.executed().next(), {}, block_time{UINT64_MAX}, {}});
  std::vector<outcome> outcomes(r.instruments.size());
  for (std::size_t i = 0; i < outcomes.size(); ++i)
    outcomes[i].instrument = instrument_id{static_cast<std::uint16_t>(i)};
  house.finish(std::move(outcomes));
  house.take_dirty_pages();
  return 0;
}
