// What an operator writes: genesis files, node files, key files, addresses and decimals. What is
// accepted must be written back as what it was. The first byte says as what the rest is read.

#include <cstddef>
#include <cstdint>
#include <string>

#include "config/decimal.hpp"
#include "config/genesis.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/node_config.hpp"
#include "messages/assert.hpp"
#include "tests/fuzz/choices.hpp"
#include "tests/fuzz/memory_file.hpp"

using namespace bourse::config;
using bourse::fuzz::memory_file;

namespace {

void try_genesis(std::string_view text) {
  auto g = parse_genesis(text, "input");
  if (!g)
    return;
  BOURSE_ASSERT(bourse::market::check_rules(g->market));
  auto written = to_toml(*g);
  auto again = parse_genesis(written, "written");
  BOURSE_ASSERT(again && to_toml(*again) == written);
  BOURSE_ASSERT(again->size == g->size && again->replicas.size() == g->replicas.size());
}

void try_node(std::string_view text) {
  auto c = load_node_config(memory_file{text}.path());
  if (!c)
    return;
  auto written = to_toml(*c);
  auto again = load_node_config(memory_file{written}.path());
  BOURSE_ASSERT(again && to_toml(*again) == written);
}

void try_key(std::string_view text) {
  memory_file file{text};
  auto key = load_key(file.path());
  if (key)
    BOURSE_ASSERT(text.size() >= 64 && text.size() <= 65);
}

void try_words(std::string_view text) {
  if (auto e = parse_endpoint(text))
    BOURSE_ASSERT(parse_endpoint(to_string(*e)) == *e);
  if (auto d = parse_decimal(text))
    BOURSE_ASSERT(d->coefficient >= 0 && d->scale <= max_decimals);
  for (std::uint8_t decimals : {0, 2, 8, 18})
    if (auto n = parse_units(text, decimals))
      BOURSE_ASSERT(*n >= 0 && parse_units(format_units(*n, decimals), decimals) == *n);
}

/// How an instrument's tick and lot turn into units, and prices of it into ticks.
void try_instrument(std::string_view text) {
  auto next = [&] {
    auto end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    return std::string{line};
  };
  bourse::market::asset base{"B", 8};
  bourse::market::asset quote{"Q", 2};
  bourse::market::instrument i;
  i.tick = next();
  i.lot = next();
  if (!derive_units(i, base, quote))
    return;
  BOURSE_ASSERT(i.lot_units >= 1 && i.tick_lot_units >= 1);
  auto price = next();
  if (auto p = parse_price(price, i))
    BOURSE_ASSERT(parse_price(to_text(*p, i), i) == *p);
  auto lots = next();
  if (auto q = parse_quantity(lots, i))
    BOURSE_ASSERT(parse_quantity(to_text(*q, i), i) == *q);
  auto money = next();
  if (auto x = parse_amount(money, quote))
    BOURSE_ASSERT(parse_amount(to_text(*x, quote), quote) == *x);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  bourse::messages::init_crypto();
  std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  switch (data[0] % 6) {
    case 0:
      try_genesis(text);
      break;
    case 1:
      try_node(text);
      break;
    case 2:
      try_key(text);
      break;
    case 3:
      try_words(text);
      break;
    case 4:
      try_instrument(text);
      break;
    default:
      kind_of(memory_file{text}.path());
  }
  return 0;
}
