#include "app/ledger_show.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/ledger_place.hpp"
#include "app/market_json.hpp"
#include "app/market_text.hpp"
#include "config/genesis.hpp"
#include "storage/base.hpp"
#include "storage/records.hpp"

namespace bourse::app {

using namespace messages;

namespace {

/// A block as it is shown.
struct shown_block {
  committed_block source;
  block content;
  block_time time;                                                  ///< if it was executed here
  std::vector<std::pair<digest, expected<submission>>> submissions; ///< those that are there
  std::vector<settlement> settlements;
  bool executed = false;
};

tl::unexpected<error> no_block(const storage::reader& s, sequence_number n) {
  auto first = storage::first_kept(s);
  if (!first)
    return tl::unexpected(first.error());
  if (n < *first)
    return fail(errc::pruned, fmt::format("block {} is gone: the log begins with block {}",
                                          n.value(), first->value()));
  return fail(errc::not_found, fmt::format("there is no block {}", n.value()));
}

expected<shown_block> load(const storage::reader& s, sequence_number n,
                           const market::rules& rules) {
  auto source = storage::load_block(s, n);
  if (!source)
    return tl::unexpected(source.error());
  if (!*source)
    return no_block(s, n);
  auto content = decode_block(*(*source)->block);
  if (!content)
    return tl::unexpected(content.error());
  shown_block shown{std::move(**source), std::move(*content), {}, {}, {}, false};
  auto bodies = storage::load_bodies(s, n, shown.source.certificate.what.digest);
  if (!bodies && bodies.error().code != errc::not_found)
    return tl::unexpected(bodies.error());
  if (bodies)
    for (const auto& body : *bodies)
      shown.submissions.emplace_back(hash(body.body),
                                     decode_submission(body.body, rules.submissions));
  auto time = storage::load_block_time(s, n);
  if (!time && time.error().code != errc::not_found)
    return tl::unexpected(time.error());
  shown.time = time.value_or(block_time{});
  auto settlements = storage::load_settlements(s, n);
  if (!settlements && settlements.error().code != errc::not_found)
    return tl::unexpected(settlements.error());
  shown.executed = settlements.has_value();
  if (settlements)
    shown.settlements = std::move(*settlements);
  return shown;
}

std::size_t requests_of(const shown_block& b) {
  std::size_t n = 0;
  for (const auto& [name, s] : b.submissions)
    n += s ? s->requests.size() : 0;
  return n;
}

std::vector<int> signers_of(const shown_block& b) {
  std::vector<int> signers;
  for (const auto& commit : b.source.certificate.commits)
    signers.push_back(commit.replica.value());
  return signers;
}

std::string settlement_text(const settlement& s, const market_text& words) {
  std::string text = "deposit or withdrawal";
  if (s.trade != trade_id{0})
    text = fmt::format("trade {}: {} {} at {}, taker {}", to_text(s.trade),
                       words.quantity(s.quantity, s.instrument), words.instrument(s.instrument),
                       words.price(s.price, s.instrument), to_text(s.taker_side));
  auto owner = [&words](account_id id) {
    return id == transfer::outside ? std::string{"outside"} : words.account(id);
  };
  for (const auto& t : s.transfers)
    text += fmt::format("\n    {} from {} to {}", words.amount(t.amount, t.asset), owner(t.from),
                        owner(t.to));
  return text;
}

void print_block(const shown_block& b, const market::rules& rules, const output& out) {
  market_text words{rules};
  const auto& what = b.source.certificate.what;
  out.line(fmt::format("block {}, {} UTC, committed in view {} by replicas {}",
                       what.sequence.value(), to_text(b.time), what.view.value(),
                       fmt::join(signers_of(b), ", ")));
  out.line("digest " + to_hex(what.digest.view()));
  for (const auto& [name, s] : b.submissions) {
    if (!s) {
      out.line(fmt::format("submission {}: {}", to_hex(name.view()), to_string(s.error())));
      continue;
    }
    out.line(fmt::format("submission of {}, stream {}, number {}", words.client(s->client),
                         s->stream.value(), s->number.value()));
    for (const auto& r : s->requests)
      out.line("  " + words.request(r));
  }
  if (!b.executed)
    out.line("(not executed here)");
  for (const auto& s : b.settlements)
    out.line("  " + settlement_text(s, words));
}

nlohmann::json to_json(const shown_block& b) {
  const auto& what = b.source.certificate.what;
  return {{"block", what.sequence.value()}, {"time_ms", b.time.value()},
          {"view", what.view.value()},      {"digest", to_hex(what.digest.view())},
          {"commits", signers_of(b)},       {"submissions", b.submissions.size()},
          {"requests", requests_of(b)},     {"settlements", b.settlements.size()},
          {"executed", b.executed}};
}

/// The summary, and what the block holds.
nlohmann::json to_full_json(const shown_block& b, const market::rules& rules) {
  market_text words{rules};
  auto out = to_json(b);
  auto submissions = nlohmann::json::array();
  for (const auto& [name, s] : b.submissions) {
    nlohmann::json one{{"digest", to_hex(name.view())}};
    if (!s) {
      one["error"] = to_string(s.error());
    } else {
      one["client"] = words.client(s->client);
      one["stream"] = s->stream.value();
      one["number"] = s->number.value();
      one["requests"] = nlohmann::json::array();
      for (const auto& r : s->requests)
        one["requests"].push_back(app::to_json(r, rules));
    }
    submissions.push_back(std::move(one));
  }
  auto settlements = nlohmann::json::array();
  for (const auto& s : b.settlements)
    settlements.push_back(app::to_json(s, rules));
  out["content"] = {{"submissions", submissions}, {"settlements", settlements}};
  return out;
}

/// Either signature is that of the view's primary over the digest beside it.
nlohmann::json to_json(const equivocation& e) {
  auto side = [](const statement& what, const signature& by) {
    return nlohmann::json{{"digest", to_hex(what.digest.view())}, {"signature", to_hex(by.view())}};
  };
  return {{"view", e.first.view.value()},
          {"block", e.first.sequence.value()},
          {"proposals", {side(e.first, e.first_signature), side(e.second, e.second_signature)}}};
}

struct summary {
  sequence_number first; ///< that the log may hold
  std::optional<storage::stored_checkpoint> checkpoint;
  sequence_number stable;
  sequence_number last;
  std::vector<equivocation> evidence;
};

expected<summary> load_summary(const storage::reader& s) {
  auto first = storage::first_kept(s);
  if (!first)
    return tl::unexpected(first.error());
  auto checkpoint = storage::load_checkpoint(s);
  if (!checkpoint)
    return tl::unexpected(checkpoint.error());
  auto stable = storage::load_stable(s);
  if (!stable)
    return tl::unexpected(stable.error());
  auto last = storage::last_committed(s);
  if (!last)
    return tl::unexpected(last.error());
  auto evidence = storage::load_evidence(s);
  if (!evidence)
    return tl::unexpected(evidence.error());
  return summary{*first, *checkpoint, *stable ? (*stable)->what.sequence : sequence_number{0},
                 *last, std::move(*evidence)};
}

/// Runs of blocks that are not stored here, found from the newest down.
class holes {
public:
  void add(std::uint64_t n) {
    if (!all_.empty() && all_.back().first == n + 1)
      all_.back().first = n;
    else
      all_.emplace_back(n, n);
  }
  nlohmann::json json() const {
    auto out = nlohmann::json::array();
    for (auto [first, last] : all_)
      out.push_back({{"first", first}, {"last", last}});
    return out;
  }
  /// "4 to 6, 2"; empty if there are none.
  std::string text() const {
    std::string out;
    for (auto [first, last] : all_)
      out += (out.empty() ? "" : ", ")
             + (first == last ? std::to_string(last) : fmt::format("{} to {}", first, last));
    return out;
  }

private:
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all_;
};

exit_code show_newest(const storage::reader& s, const ledger_place& place,
                      const ledger_show_options& o, const market::rules& rules, const output& out) {
  auto known = load_summary(s);
  if (!known)
    return out.fail(named(place, known.error()));
  table blocks;
  blocks.column("BLOCK", align::right).column("TIME (UTC)").column("VIEW", align::right);
  blocks.column("SUBMISSIONS", align::right).column("REQUESTS", align::right);
  blocks.column("SETTLEMENTS", align::right).column("COMMITS").column("DIGEST");
  nlohmann::json all = nlohmann::json::array();
  holes missing;
  auto first = known->last.value() - std::min<std::uint64_t>(o.last, known->last.value());
  first = std::max(first, known->first.value() - 1);
  for (auto n = known->last.value(); n > first; --n) {
    auto b = load(s, sequence_number{n}, rules);
    if (!b && b.error().code == errc::not_found) {
      missing.add(n); // a replica that was away may commit newer blocks before it fetched those
      continue;
    }
    if (!b)
      return out.fail(named(place, b.error()));
    all.push_back(to_json(*b));
    blocks.row({std::to_string(n), to_text(b->time),
                std::to_string(b->source.certificate.what.view.value()),
                std::to_string(b->submissions.size()), std::to_string(requests_of(*b)),
                std::to_string(b->settlements.size()),
                fmt::format("{}", fmt::join(signers_of(*b), " ")),
                to_hex(b->source.certificate.what.digest.view()).substr(0, 16)});
  }
  auto checkpoint = known->checkpoint ? known->checkpoint->sequence.value() : 0;
  if (out.json) {
    auto evidence = nlohmann::json::array();
    for (const auto& e : known->evidence)
      evidence.push_back(to_json(e));
    out.print(nlohmann::json{{"ledger", place.database.string()},
                             {"first", known->first.value()},
                             {"last_committed", known->last.value()},
                             {"checkpoint", checkpoint},
                             {"stable", known->stable.value()},
                             {"blocks", all},
                             {"missing", missing.json()},
                             {"evidence", evidence}});
    return exit_code::ok;
  }
  auto from = known->first > sequence_number{1}
                  ? fmt::format("from {} (older ones are gone) ", known->first.value())
                  : std::string{};
  out.line(fmt::format("{}: blocks {}up to {}, own checkpoint {}, stable checkpoint {}",
                       place.database.string(), from, known->last.value(), checkpoint,
                       known->stable.value()));
  out.print(blocks);
  if (auto gone = missing.text(); !gone.empty())
    out.line("Not stored here: " + gone + ".");
  for (const auto& e : known->evidence)
    out.line(fmt::format("The primary of view {} signed two proposals for block {}: {} and {}.",
                         e.first.view.value(), e.first.sequence.value(),
                         to_hex(e.first.digest.view()), to_hex(e.second.digest.view())));
  return exit_code::ok;
}

exit_code show_place(const ledger_place& place, const ledger_show_options& o, const output& out) {
  market::rules rules;
  if (!place.genesis.empty()) {
    auto g = config::load_genesis(place.genesis);
    if (!g)
      return out.fail(g.error());
    rules = std::move(g->market);
  } else {
    // Without the genesis file its limits are not known: the widest that one may have.
    rules.submissions = {4096, 512U << 10};
    rules.blocks.max_requests = 65535;
  }
  auto store = open_ledger(place);
  if (!store)
    return out.fail(named(place, store.error()));
  if (!place.genesis.empty())
    if (auto ok = check_cluster(**store, rules); !ok)
      return out.fail(named(place, ok.error()));
  if (!o.block)
    return show_newest(**store, place, o, rules, out);
  auto b = load(**store, sequence_number{*o.block}, rules);
  if (!b)
    return out.fail(named(place, b.error()));
  if (out.json)
    out.print(to_full_json(*b, rules));
  else
    print_block(*b, rules, out);
  return exit_code::ok;
}

} // namespace

exit_code show_ledger(const ledger_show_options& o, const output& out) {
  auto place = find_ledger(o.directory, o.genesis);
  if (!place)
    return out.fail(place.error());
  return show_place(*place, o, out);
}

} // namespace bourse::app
