#include <fmt/format.h>

#include "config/decimal.hpp"
#include "config/genesis.hpp"
#include "config/toml_reader.hpp"

namespace bourse::config {

namespace {

constexpr std::string_view head
    = R"(# Bourse genesis file: what all replicas agree on before the first block.
#
# The hash of this file, byte for byte, is the cluster's identity: replicas refuse peers, clients and
# databases of another one. So every replica and client needs an identical copy, and any change, even
# of a comment, makes another cluster.
#
# Replicas, assets, instruments, accounts and clients are numbered from 0 in the order they have here.
# Prices, quantities and amounts are exact decimals in quotes.

# The layout of this file.
format = 1
# The account that fees are paid to.
fee_account = {}

[consensus]
# Sequence numbers that may be under way above the last stable checkpoint: 1 to 64, a multiple of
# checkpoint_interval.
window = {}
# A checkpoint of the state is agreed on every so many blocks.
checkpoint_interval = {}

[limits]
# Most requests (orders, cancels, ...) in one signed submission.
submission_requests = {}
# Most bytes of one submission.
submission_bytes = {}
# A block is full at so many requests ...
block_requests = {}
# ... or at so many bytes of submissions.
block_bytes = {}
# Replicas report what they have stamped at multiples of so many milliseconds.
grid_ms = {}
# So many requests of high value go ahead of ordinary ones in a block.
high_value_requests = {}
# Most stamps in one report.
report_stamps = {}
# Most stamps of one replica whose bodies wait to be executed.
open_stamps = {}
# Credit of a client's stream: how many submissions it may be ahead of the last executed one ...
stream_window = {}
# ... and how many bytes.
stream_window_bytes = {}
# Most open orders in one instrument's book.
open_orders = {}
# Most open orders of one account, over all instruments.
account_open_orders = {}

# The replicas, 3f+1 of them, so that f may fail.
)";

/// Stands once, above the first table of its kind.
constexpr std::string_view replica_help
    = R"(#   key: the Ed25519 public key of the replica, as `bourse keygen` prints it.
#   peers: the address where the other replicas connect.
#   clients: the address where clients connect.
)";
constexpr std::string_view asset_help = R"(
# What is owned and traded.
#   name: letters, digits, and - _ . between them.
#   decimals: the smallest unit is 10^-decimals; amounts have 64 bits, so more decimals mean a
#     smaller largest amount.
)";
constexpr std::string_view instrument_help = R"(
# What has an order book.
#   base, quote: the asset that is bought and sold, and the one that it is paid with.
#   tick: prices are multiples of it, in the quote asset.
#   lot: quantities are multiples of it, in the base asset. A lot at a price of one tick must cost a
#     whole number of the quote's smallest unit.
#   maker_fee_bp, taker_fee_bp: what the resting and the arriving side of a trade pay, in hundredths
#     of a percent of the quote amount.
#   high_value: orders for this much of the quote asset or more are in lane 3, and stand in each
#     block before the ordinary ones. Left out: none are.
)";
constexpr std::string_view account_help = R"(
# Who owns assets.
#   balances: what the account owns before the first block; assets left out are 0.
)";
constexpr std::string_view client_help = R"(
# Who signs.
#   key: the Ed25519 public key of the client, as `bourse keygen` prints it.
#   accounts: those that it acts for.
#   liquidator: may cancel all orders of any account and sell what it holds, by liquidation orders,
#     which go first (lane 1).
#   treasurer: may deposit to and withdraw from any account.
)";

std::string balances_of(const market::account& a, const market::rules& r) {
  std::string text;
  for (std::size_t i = 0; i < a.balances.size(); ++i)
    if (a.balances[i].value() != 0)
      text += fmt::format("{}{} = \"{}\"", text.empty() ? "" : ", ", toml_quoted(r.assets[i].name),
                          to_text(a.balances[i], r.assets[i]));
  return text.empty() ? "{}" : "{ " + text + " }";
}

std::string instruments_to_toml(const market::rules& r) {
  std::string text{instrument_help};
  for (const auto& i : r.instruments) {
    const auto& quote = r.assets[i.quote.value()];
    text += fmt::format("[[instrument]]\nname = {}\nbase = {}\nquote = {}\ntick = {}\nlot = {}\n"
                        "maker_fee_bp = {}\ntaker_fee_bp = {}\n",
                        toml_quoted(i.name), toml_quoted(r.assets[i.base.value()].name),
                        toml_quoted(quote.name), toml_quoted(i.tick), toml_quoted(i.lot),
                        i.maker_fee.value(), i.taker_fee.value());
    text += i.high_value.value() == INT64_MAX
                ? std::string{"# high_value = \"1000000\"\n"}
                : fmt::format("high_value = \"{}\"\n", to_text(i.high_value, quote));
  }
  return text;
}

std::string clients_to_toml(const market::rules& r) {
  std::string text{client_help};
  for (const auto& c : r.clients) {
    std::string accounts;
    for (auto id : c.accounts)
      accounts += (accounts.empty() ? "" : ", ") + toml_quoted(r.accounts[id.value()].name);
    text += fmt::format("[[client]]\nname = {}\nkey = {}\naccounts = [{}]\n", toml_quoted(c.name),
                        toml_quoted(to_hex(c.key.view())), accounts);
    if (c.liquidator)
      text += "liquidator = true\n";
    if (c.treasurer)
      text += "treasurer = true\n";
  }
  return text;
}

} // namespace

std::string to_toml(const genesis& g) {
  const auto& m = g.market;
  auto text = fmt::format(head, toml_quoted(m.accounts[m.fee_account.value()].name), g.window,
                          g.checkpoint_interval, m.submissions.max_requests,
                          m.submissions.max_bytes, m.blocks.max_requests, m.blocks.max_bytes,
                          m.order.grid_ms, m.order.high_value_requests, m.order.max_stamps,
                          m.order.max_open_stamps, m.stream_window, m.stream_window_bytes,
                          m.max_open_orders, m.max_account_orders);
  text += replica_help;
  for (const auto& r : g.replicas)
    text += fmt::format("[[replica]]\nkey = \"{}\"\npeers = \"{}\"\nclients = \"{}\"\n",
                        to_hex(r.key.view()), to_string(r.peers), to_string(r.clients));
  text += asset_help;
  for (const auto& a : m.assets)
    text += fmt::format("[[asset]]\nname = {}\ndecimals = {}\n", toml_quoted(a.name), a.decimals);
  text += instruments_to_toml(m);
  text += account_help;
  for (const auto& a : m.accounts)
    text += fmt::format("[[account]]\nname = {}\nbalances = {}\n", toml_quoted(a.name),
                        balances_of(a, m));
  return text + clients_to_toml(m);
}

} // namespace bourse::config
