#include "tests/storage/fake_ledger.hpp"

#include <algorithm>

#include "messages/assert.hpp"

namespace bourse::tests {

namespace {

constexpr std::uint32_t client_count = 4;
constexpr std::uint16_t instrument_count = 2;
constexpr stamp_time start_of_time{1'700'000'000'000'000};
constexpr std::uint64_t grid_us = 20'000;

std::vector<key_pair> make_keys(std::uint8_t kind, std::size_t count) {
  std::vector<key_pair> out;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint8_t, 32> seed{kind, static_cast<std::uint8_t>(i)};
    out.push_back(key_pair::from_seed(seed));
  }
  return out;
}

market::rules make_rules(const std::vector<key_pair>& clients) {
  market::rules r;
  r.cluster = hash("a cluster for tests");
  r.assets = {{"BTC", 8}, {"USD", 2}};
  for (std::uint16_t i = 0; i < instrument_count; ++i) {
    market::instrument x;
    x.name = "I" + std::to_string(i);
    x.base = asset_id{0};
    x.quote = asset_id{1};
    x.maker_fee = basis_points{10};
    x.taker_fee = basis_points{20};
    r.instruments.push_back(x);
  }
  r.accounts.push_back({"fees", {amount{0}, amount{0}}});
  for (std::uint32_t i = 0; i < clients.size(); ++i) {
    r.accounts.push_back({"a" + std::to_string(i), {amount{1'000'000}, amount{1'000'000'000}}});
    r.clients.push_back(
        {"c" + std::to_string(i), clients[i].identity(), {account_id{i + 1}}, false, i == 0});
  }
  r.fee_account = account_id{0};
  return r;
}

} // namespace

fake_ledger::fake_ledger(std::uint64_t seed,
                         const std::function<void(storage::audit_genesis&)>& adapt)
    : random_(seed),
      replicas_(make_keys(1, 4)),
      clients_(make_keys(2, client_count)),
      reports_(cluster_size{4}),
      now_(start_of_time) {
  init_crypto();
  genesis_.size = cluster_size{4};
  for (auto& k : replicas_)
    genesis_.replicas.push_back(k.identity());
  genesis_.rules = make_rules(clients_);
  genesis_.checkpoint_interval = checkpoint_interval;
  if (adapt)
    adapt(genesis_);
  exchange_ = std::make_unique<fairness::fair_exchange>(genesis_.rules, genesis_.size,
                                                        genesis_.checkpoint_interval);
  next_.assign(client_count, submission_number{1});
  for (std::uint16_t i = 0; i < replicas_.size(); ++i)
    chains_.emplace_back(replica_id{i}, replicas_[i], cluster());
}

replica_signature fake_ledger::sign(replica_id by, purpose why, byte_view payload) const {
  return {by, replicas_[by.value()].sign(why, cluster(), payload)};
}

request fake_ledger::random_request(client_id client) {
  auto own = account_id{client.value() + 1};
  auto instrument = instrument_id{static_cast<std::uint16_t>(below(instrument_count))};
  switch (below(10)) {
    case 0:
      return cancel{own, instrument, client_order_id{1 + below(next_order_)}};
    case 1:
      return cancel_all{own, instrument};
    case 2:
      return deposit{own, asset_id{1}, amount{100}}; // of clients without the right as well
    default:
      break;
  }
  place p;
  p.account = own;
  p.instrument = instrument;
  p.client_order = client_order_id{next_order_++};
  p.side = below(2) == 0 ? side::buy : side::sell;
  p.price = price{static_cast<std::int64_t>(95 + below(11))};
  p.quantity = quantity{static_cast<std::int64_t>(1 + below(50))};
  return p;
}

submission_ptr fake_ledger::random_submission(client_id client) {
  auto number = next_[client.value()];
  next_[client.value()] = number.next();
  return random_submission(client, number);
}

submission_ptr fake_ledger::random_submission(client_id client, submission_number number) {
  std::vector<request> requests;
  for (auto n = 1 + below(4); n > 0; --n)
    requests.push_back(random_request(client));
  return make({client, stream_id{0}, number}, std::move(requests));
}

submission_ptr fake_ledger::make(submission_header about, std::vector<request> requests) const {
  submission content{about.client, about.stream, about.number, std::move(requests)};
  verified_submission out;
  out.source.body = encode(content);
  out.source.signature
      = clients_[about.client.value()].sign(purpose::submission, cluster(), out.source.body);
  out.digest = hash(out.source.body);
  out.lane = market::lane_of(content, genesis_.rules);
  out.content = std::move(content);
  return std::make_shared<const verified_submission>(std::move(out));
}

std::vector<submission_ptr> fake_ledger::random_batch() {
  std::vector<submission_ptr> out;
  for (auto n = below(8); n > 0; --n)
    out.push_back(random_submission(client_id{static_cast<std::uint32_t>(below(client_count))}));
  return out;
}

std::vector<report_ptr> fake_ledger::stamped(const std::vector<submission_ptr>& submissions) {
  for (const auto& s : submissions) {
    now_ = stamp_time{now_.value() + 1 + below(1000)};
    for (auto& c : chains_)
      c.put(*s, now_);
  }
  return report(chains_.size());
}

std::vector<report_ptr> fake_ledger::report(std::size_t reporters) {
  now_ = stamp_time{(now_.value() / grid_us + 1) * grid_us};
  std::vector<report_ptr> out;
  for (std::size_t i = 0; i < reporters; ++i) {
    auto r = chains_[i].report(now_);
    reports_.add(r, exchange_->order().heads().of(r->content.replica), true);
    out.push_back(std::move(r));
  }
  return out;
}

block fake_ledger::block_of(const digest& cluster, sequence_number n,
                            const std::vector<report_ptr>& heads) {
  block out{cluster, n, {}};
  for (const auto& r : heads)
    out.heads.push_back(fairness::name_of(*r));
  return out;
}

std::vector<submission_ptr> fake_ledger::pending() const {
  std::vector<submission_ptr> out;
  for (const auto& [name, body] : bodies_)
    out.push_back(body);
  return out;
}

void fake_ledger::append_stamps(storage::write_batch& to, const std::vector<report_ptr>& reports,
                                const std::vector<submission_ptr>& submissions) {
  for (const auto& r : reports)
    append(to, *r);
  for (const auto& body : submissions) {
    append_pending(to, *body);
    bodies_.emplace(body->digest, body);
  }
}

void fake_ledger::append_agreement(storage::write_batch& to, const committed_block& b) {
  auto& what = b.certificate.what;
  auto primary = genesis_.size.primary_of(what.view);
  auto proposal
      = replicas_[primary.value()].sign(purpose::pre_prepare, cluster(), signed_bytes(what));
  prepared_certificate prepared{what, proposal, {}};
  for (std::uint16_t i = 1; i <= 2; ++i) {
    auto backup = replica_id{static_cast<std::uint16_t>((primary.value() + i) % genesis_.size.n)};
    prepared.prepares.push_back(sign(backup, purpose::prepare, signed_bytes(what)));
  }
  append(to, consensus::proposal_record{{what, proposal, b.block}});
  append(to, consensus::vote_record{consensus::vote_kind::prepare, what});
  append(to, consensus::prepared_record{prepared});
  append(to, consensus::vote_record{consensus::vote_kind::commit, what});
  append(to, consensus::committed_record{b});
}

void fake_ledger::append_checkpoint(storage::write_batch& to, written_block& b) {
  auto n = b.result->sequence;
  auto dirty = exchange_->take_dirty_pages();
  b.state = market::state_digest(n, b.chain, exchange_->page_root());
  append(to, storage::stored_checkpoint{n, b.chain, b.state, b.result->time}, dirty);
  stable_checkpoint stable{{n, b.state}, {}};
  for (std::uint16_t i = 0; i < 3; ++i)
    stable.proof.push_back(sign(replica_id{i}, purpose::checkpoint, signed_bytes(stable.what)));
  append(to, consensus::stable_record{stable});
}

new_view_content fake_ledger::new_view_of(view_number view) const {
  new_view_content content{view, {}, {signature{}}};
  for (std::uint16_t i = 0; i < 3; ++i) {
    auto body = encode(view_change_content{view, {}, {}});
    auto by = sign(replica_id{i}, purpose::view_change, hash(body).view());
    content.changes.push_back({std::move(body), by});
  }
  return content;
}

new_view fake_ledger::make_new_view(const new_view_content& content) const {
  auto body = encode(content);
  auto by = sign(genesis_.size.primary_of(content.view), purpose::new_view, hash(body).view());
  return {std::move(body), by};
}

void fake_ledger::execute(written_block& w) {
  auto& what = w.committed.certificate.what;
  std::vector<submission_ptr> eligible;
  auto heads = block_of(cluster(), what.sequence, w.reports).heads;
  for (const auto& name : exchange_->begin(heads, reports_))
    eligible.push_back(bodies_.at(name));
  auto outcome = exchange_->finish(what.sequence, what.digest, eligible);
  w.submissions = std::move(outcome.executed);
  w.voided = std::move(outcome.voided);
  w.result = std::make_shared<const market::block_result>(std::move(outcome.result));
  w.by = sign(self, purpose::results,
              signed_bytes(results_statement{what.sequence, what.digest, w.result->results_root}));
}

void fake_ledger::write_block(storage::store& s, const std::vector<report_ptr>& reports,
                              const std::vector<submission_ptr>& submissions) {
  written_block w;
  w.reports = reports;
  auto n = last().next();
  auto encoded = std::make_shared<const bytes>(encode(block_of(cluster(), n, reports)));
  statement what{view_number{n.value() / 10}, n, hash(*encoded)};
  w.committed = {{what, {}}, encoded};
  for (std::uint16_t i = 0; i < 3; ++i)
    w.committed.certificate.commits.push_back(
        sign(replica_id{i}, purpose::commit, signed_bytes(what)));
  w.chain = chain_next(blocks_.empty() ? cluster() : blocks_.back().chain, what.digest);

  storage::write_batch batch;
  append_stamps(batch, reports, submissions);
  append(batch, consensus::view_record{what.view});
  if (what.view != view_number{0})
    append(batch, consensus::new_view_record{make_new_view(new_view_of(what.view))});
  append_agreement(batch, w.committed);
  execute(w);
  append(batch, storage::stored_results{w.result, w.by});
  append(batch, storage::block_bodies{n, what.digest, w.submissions, w.voided});
  for (const auto* list : {&w.submissions, &w.voided})
    for (const auto& body : *list) {
      erase_pending(batch, fairness::about(*body).about, body->digest);
      bodies_.erase(body->digest);
    }
  if (n.value() % checkpoint_interval == 0)
    append_checkpoint(batch, w);
  auto ok = s.write(batch, storage::durability::synced);
  BOURSE_ASSERT(ok.has_value());
  blocks_.push_back(std::move(w));
}

void fake_ledger::write_blocks(storage::store& s, std::size_t count) {
  for (; count > 0; --count) {
    auto submissions = random_batch();
    write_block(s, stamped(submissions), submissions);
  }
}

void fake_ledger::write_rivals(storage::store& s) {
  std::vector<submission_ptr> rivals{random_submission(client_id{0})};
  while (rivals.size() < 3)
    rivals.push_back(random_submission(client_id{0}, rivals[0]->content.number));
  write_block(s, stamped(rivals), rivals);
}

void fake_ledger::write_stamped(storage::store& s, std::vector<stamping> all,
                                std::size_t reporters) {
  auto start = now_.value();
  std::vector<submission_ptr> submissions;
  for (std::size_t i = 0; i < reporters; ++i) {
    std::sort(all.begin(), all.end(),
              [i](auto& a, auto& b) { return a.after_us.at(i) < b.after_us.at(i); });
    for (const auto& x : all)
      if (auto after = x.after_us.at(i); after > 0) {
        now_ = std::max(now_, stamp_time{start + after});
        chains_[i].put(*x.body, stamp_time{start + after});
      }
  }
  for (const auto& x : all)
    if (!bodies_.contains(x.body->digest))
      submissions.push_back(x.body);
  write_block(s, report(reporters), submissions);
}

void fake_ledger::write_null_block(storage::store& s) {
  write_block(s, {}, {});
}

void fake_ledger::write_open_slot(storage::store& s) {
  std::vector<submission_ptr> submissions{random_submission(client_id{0})};
  auto reports = stamped(submissions);
  auto content = block_of(cluster(), last().next(), reports);
  auto encoded = std::make_shared<const bytes>(encode(content));
  statement what{view_number{9}, content.sequence, hash(*encoded)};
  auto other = what;
  other.digest = hash("another block");
  auto& primary = replicas_[genesis_.size.primary_of(what.view).value()];
  auto signature = primary.sign(purpose::pre_prepare, cluster(), signed_bytes(what));
  storage::write_batch batch;
  append_stamps(batch, reports, submissions);
  append(batch, consensus::proposal_record{{what, signature, encoded}});
  append(batch, consensus::equivocation_record{
                    {what, signature, other,
                     primary.sign(purpose::pre_prepare, cluster(), signed_bytes(other))}});
  auto ok = s.write(batch, storage::durability::synced);
  BOURSE_ASSERT(ok.has_value());
}

} // namespace bourse::tests
