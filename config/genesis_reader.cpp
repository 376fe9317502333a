#include "config/genesis_reader.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <sodium.h>

#include "config/decimal.hpp"
#include "config/nearest.hpp"
#include "messages/checked.hpp"
#include "messages/crypto.hpp"

namespace bourse::config {

namespace {

constexpr std::uint64_t format = 1;
constexpr std::size_t longest_name = 64;
constexpr std::size_t most_replicas = 1000;   // each takes a signature in every certificate
constexpr std::size_t most_of_a_kind = 65535; // assets and instruments are numbered with 16 bits

std::vector<std::string> names(const std::map<std::string, std::size_t, std::less<>>& known) {
  std::vector<std::string> out;
  out.reserve(known.size());
  for (const auto& [name, index] : known)
    out.push_back(name);
  return out;
}

} // namespace

genesis_reader::genesis_reader(std::string_view text, const std::string& file_name)
    : text_(text), document_(text, file_name) {}

expected<genesis> genesis_reader::read() {
  toml_section root{document_,
                    document_.root(),
                    "",
                    {"format", "fee_account", "consensus", "limits", "replica", "asset",
                     "instrument", "account", "client"}};
  std::uint64_t version = 0;
  root.optional_integer("format", version, 0, INT64_MAX);
  if (version != format)
    root.complain("format", fmt::format("this program reads format {}", format));
  read_consensus(root);
  read_limits(root);
  read_replicas(root);
  read_assets(root);
  read_instruments(root);
  read_accounts(root);
  read_clients(root);
  read_fee_account(root);
  // The market asserts what it takes for granted. What the fields' own checks let through and it
  // can not work with is told here, while there is a file to name.
  if (auto ok = market::check_rules(g_.market); !ok && !document_.failed())
    root.complain(ok.error().detail);
  if (document_.failed())
    return tl::unexpected(document_.problem());
  g_.market.cluster = hash(text_);
  return std::move(g_);
}

void genesis_reader::read_consensus(toml_section& root) {
  const auto* table = root.table("consensus");
  if (table == nullptr)
    return;
  toml_section s{document_, *table, "[consensus]", {"window", "checkpoint_interval"}};
  // At most 64: a view change verifies the votes of a whole window (docs/PROTOCOL, "View
  // changes").
  s.optional_integer("window", g_.window, 1, 64);
  s.optional_integer("checkpoint_interval", g_.checkpoint_interval, 1, 64);
  if (g_.window % g_.checkpoint_interval != 0)
    s.complain("window", fmt::format("must be a multiple of checkpoint_interval, {}",
                                     g_.checkpoint_interval));
}

void genesis_reader::read_limits(toml_section& root) {
  const auto* table = root.table("limits");
  if (table == nullptr)
    return;
  toml_section s{document_,
                 *table,
                 "[limits]",
                 {"submission_requests", "submission_bytes", "block_requests", "block_bytes",
                  "grid_ms", "high_value_requests", "report_stamps", "open_stamps", "stream_window",
                  "stream_window_bytes", "open_orders", "account_open_orders"}};
  auto& m = g_.market;
  // Upper bounds follow from formats: a request's place in its block has 16 bits, and bodies travel
  // in messages of at most 1 MB from clients and 4 MB between replicas.
  s.optional_integer("submission_requests", m.submissions.max_requests, 1, 4096);
  s.optional_integer("submission_bytes", m.submissions.max_bytes, 256, 512U << 10);
  s.optional_integer("block_requests", m.blocks.max_requests, 1, 65535);
  s.optional_integer("block_bytes", m.blocks.max_bytes, 256, 3U << 20);
  s.optional_integer("grid_ms", m.order.grid_ms, 1, 1000);
  s.optional_integer("high_value_requests", m.order.high_value_requests, 0, 65535);
  // A report travels in a message of at most 4 MB.
  s.optional_integer("report_stamps", m.order.max_stamps, 16, 32768);
  s.optional_integer("open_stamps", m.order.max_open_stamps, 1024, 16U << 20);
  s.optional_integer("stream_window", m.stream_window, 1, 65536);
  s.optional_integer("stream_window_bytes", m.stream_window_bytes, 256, 64U << 20);
  s.optional_integer("open_orders", m.max_open_orders, 1, 100'000'000);
  s.optional_integer("account_open_orders", m.max_account_orders, 1, 100'000'000);
  if (m.submissions.max_requests > m.blocks.max_requests)
    s.complain("submission_requests",
               fmt::format("must not be more than block_requests, {}", m.blocks.max_requests));
  if (m.submissions.max_bytes > m.blocks.max_bytes)
    s.complain("submission_bytes",
               fmt::format("must not be more than block_bytes, {}", m.blocks.max_bytes));
  if (m.submissions.max_bytes > m.stream_window_bytes)
    s.complain("submission_bytes",
               fmt::format("must not be more than stream_window_bytes, {}", m.stream_window_bytes));
}

void genesis_reader::read_replicas(toml_section& root) {
  auto tables = root.tables("replica");
  for (const auto* table : tables) {
    toml_section s{document_, *table, "[[replica]]", {"key", "peers", "clients"}};
    auto owner = fmt::format("replica {}", g_.replicas.size());
    replica_entry r;
    r.key = new_key(s, owner);
    r.peers = new_address(s, "peers", owner);
    r.clients = new_address(s, "clients", owner);
    g_.replicas.push_back(std::move(r));
  }
  auto n = tables.size();
  if (n < 4 || n % 3 != 1 || n > most_replicas)
    root.complain("replica",
                  fmt::format("there are {}, but the number of replicas must be 3f+1 (4, 7, 10, "
                              "..., at most {}): f of them may fail",
                              n, most_replicas));
  g_.size.n = static_cast<std::uint16_t>(n);
}

void genesis_reader::read_assets(toml_section& root) {
  for (const auto* table : root.tables("asset")) {
    toml_section s{document_, *table, "[[asset]]", {"name", "decimals"}};
    market::asset a;
    a.name = new_name(s, assets_, "asset");
    if (!s.has("decimals"))
      s.complain("decimals", "is missing");
    s.optional_integer("decimals", a.decimals, 0, max_decimals);
    g_.market.assets.push_back(std::move(a));
  }
  if (g_.market.assets.size() < 2 || g_.market.assets.size() > most_of_a_kind)
    root.complain("asset", fmt::format("an exchange needs 2 to {} assets, there are {}",
                                       most_of_a_kind, g_.market.assets.size()));
}

void genesis_reader::read_instruments(toml_section& root) {
  for (const auto* table : root.tables("instrument")) {
    toml_section s{
        document_,
        *table,
        "[[instrument]]",
        {"name", "base", "quote", "tick", "lot", "maker_fee_bp", "taker_fee_bp", "high_value"}};
    read_instrument(s);
  }
  if (g_.market.instruments.empty() || g_.market.instruments.size() > most_of_a_kind)
    root.complain("instrument", fmt::format("an exchange needs 1 to {} instruments, there are {}",
                                            most_of_a_kind, g_.market.instruments.size()));
}

void genesis_reader::read_instrument(toml_section& s) {
  market::instrument i;
  i.name = new_name(s, instruments_, "instrument");
  auto base = find(s, "base", s.text("base"), assets_, "asset");
  auto quote = find(s, "quote", s.text("quote"), assets_, "asset");
  i.tick = s.text("tick");
  i.lot = s.text("lot");
  std::uint16_t maker = 0;
  std::uint16_t taker = 0;
  s.optional_integer("maker_fee_bp", maker, 0, 10'000);
  s.optional_integer("taker_fee_bp", taker, 0, 10'000);
  i.maker_fee = basis_points{maker};
  i.taker_fee = basis_points{taker};
  if (document_.failed())
    return;
  if (base == quote)
    s.complain("quote", "must be another asset than base");
  const auto& assets = g_.market.assets;
  i.base = asset_id{static_cast<std::uint16_t>(base)};
  i.quote = asset_id{static_cast<std::uint16_t>(quote)};
  if (auto units = derive_units(i, assets[base], assets[quote]); !units)
    s.complain("tick", units.error().detail);
  if (s.has("high_value")) {
    auto least = parse_amount(s.text("high_value"), assets[quote]);
    if (!least)
      s.complain("high_value", least.error().detail);
    else if (least->value() == 0)
      s.complain("high_value", "must be more than 0; leave it out if no order is of high value");
    else
      i.high_value = *least;
  }
  g_.market.instruments.push_back(std::move(i));
}

void genesis_reader::read_accounts(toml_section& root) {
  for (const auto* table : root.tables("account")) {
    toml_section s{document_, *table, "[[account]]", {"name", "balances"}};
    market::account a;
    a.name = new_name(s, accounts_, "account");
    a.balances.resize(g_.market.assets.size());
    read_balances(s, a);
    g_.market.accounts.push_back(std::move(a));
  }
  if (g_.market.accounts.empty())
    root.complain("account", "is missing: an exchange needs accounts");
  for (std::size_t asset = 0; asset < g_.market.assets.size(); ++asset) {
    std::int64_t supply = 0;
    for (const auto& a : g_.market.accounts) {
      auto sum = checked_add(supply, a.balances[asset].value());
      if (!sum) {
        const auto& of = g_.market.assets[asset];
        root.complain("account",
                      fmt::format("all accounts together own more {} than the largest amount, {}",
                                  of.name, to_text(amount{INT64_MAX}, of)));
        return;
      }
      supply = *sum;
    }
  }
}

void genesis_reader::read_balances(toml_section& s, market::account& to) {
  for (const auto& [name, text] : s.text_pairs("balances")) {
    auto asset = find(s, "balances", name, assets_, "asset");
    if (document_.failed())
      return;
    auto balance = parse_amount(text, g_.market.assets[asset]);
    if (balance)
      to.balances[asset] = *balance;
    else
      s.complain("balances", balance.error().detail);
  }
}

void genesis_reader::read_clients(toml_section& root) {
  for (const auto* table : root.tables("client")) {
    toml_section s{
        document_, *table, "[[client]]", {"name", "key", "accounts", "liquidator", "treasurer"}};
    read_client(s);
  }
  if (g_.market.clients.empty())
    root.complain("client", "is missing: an exchange needs clients");
}

void genesis_reader::read_client(toml_section& s) {
  market::client c;
  c.name = new_name(s, clients_, "client");
  c.key = new_key(s, fmt::format("client {}", c.name));
  s.optional_flag("liquidator", c.liquidator);
  s.optional_flag("treasurer", c.treasurer);
  for (const auto& name : s.texts("accounts")) {
    auto account = find(s, "accounts", name, accounts_, "account");
    c.accounts.emplace_back(static_cast<std::uint32_t>(account));
  }
  std::sort(c.accounts.begin(), c.accounts.end());
  if (std::adjacent_find(c.accounts.begin(), c.accounts.end()) != c.accounts.end())
    s.complain("accounts", "one account is named twice");
  if (c.accounts.empty() && !c.liquidator && !c.treasurer)
    s.complain("accounts", "is empty: a client without accounts needs the right of a liquidator or "
                           "treasurer to be of use");
  g_.market.clients.push_back(std::move(c));
}

void genesis_reader::read_fee_account(toml_section& root) {
  auto account = find(root, "fee_account", root.text("fee_account"), accounts_, "account");
  g_.market.fee_account = account_id{static_cast<std::uint32_t>(account)};
}

std::string genesis_reader::new_name(toml_section& from, indices& known, std::string_view what) {
  auto name = from.text("name");
  auto good = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
           || c == '_' || c == '.';
  };
  // Names become file names (of keys), so none may start with a point or a dash.
  if (name.empty() || name.size() > longest_name || !std::all_of(name.begin(), name.end(), good)
      || name.front() == '.' || name.front() == '-')
    from.complain("name", fmt::format("must be 1 to {} letters, digits, and - _ . between them",
                                      longest_name));
  else if (!known.try_emplace(name, known.size()).second)
    from.complain("name", fmt::format("there are two {}s named {}", what, name));
  return name;
}

std::size_t genesis_reader::find(toml_section& from, std::string_view key, const std::string& name,
                                 const indices& known, std::string_view what) {
  if (auto it = known.find(name); it != known.end())
    return it->second;
  auto hint = nearest(name, names(known));
  from.complain(key,
                fmt::format("there is no {} named \"{}\"{}", what, name.substr(0, longest_name),
                            hint.empty() ? "" : "; did you mean \"" + hint + "\"?"));
  return 0;
}

public_key genesis_reader::new_key(toml_section& from, const std::string& owner) {
  public_key key;
  auto text = from.text("key");
  // The text itself is never repeated: it might be the secret half, pasted by mistake.
  if (!key.assign(from_hex(text)) || crypto_core_ed25519_is_valid_point(key.data.data()) != 1)
    from.complain("key", "is not an Ed25519 public key of 64 hexadecimal digits; "
                         "`bourse keygen` prints one");
  else if (auto [it, added] = key_owners_.try_emplace(key, owner); !added)
    from.complain("key",
                  fmt::format("{} has the same key as {}; each needs its own", owner, it->second));
  return key;
}

endpoint genesis_reader::new_address(toml_section& from, std::string_view key,
                                     const std::string& owner) {
  auto address = parse_endpoint(from.text(key));
  if (!address) {
    from.complain(key, address.error().detail);
    return {};
  }
  if (address->port == 0)
    from.complain(key, "needs a port other than 0: others must know where to connect");
  auto user = fmt::format("{} of {}", key, owner);
  auto [it, added] = address_owners_.try_emplace(to_string(*address), user);
  if (!added)
    from.complain(key,
                  fmt::format("{} has the same address as {}: {}", user, it->second, it->first));
  return *address;
}

} // namespace bourse::config
