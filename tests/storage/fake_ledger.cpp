#include "tests/storage/fake_ledger.hpp"

#include "market/block_order.hpp"
#include "messages/assert.hpp"

namespace bourse::tests {

namespace {

constexpr std::uint32_t client_count = 4;
constexpr std::uint16_t instrument_count = 2;
constexpr auto start_of_time = std::uint64_t{1'700'000'000'000};

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
    : random_(seed), replicas_(make_keys(1, 4)), clients_(make_keys(2, client_count)) {
  init_crypto();
  genesis_.size = cluster_size{4};
  for (auto& k : replicas_)
    genesis_.replicas.push_back(k.identity());
  genesis_.rules = make_rules(clients_);
  if (adapt)
    adapt(genesis_);
  exchange_ = std::make_unique<market::exchange>(genesis_.rules);
  next_.assign(client_count, submission_number{1});
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
  submission content{client, stream_id{0}, next_[client.value()], {}};
  next_[client.value()] = content.number.next();
  for (auto n = 1 + below(4); n > 0; --n)
    content.requests.push_back(random_request(client));
  verified_submission out;
  out.source.body = encode(content);
  out.source.signature
      = clients_[client.value()].sign(purpose::submission, cluster(), out.source.body);
  out.digest = hash(out.source.body);
  out.lane = market::lane_of(content, genesis_.rules);
  out.content = std::move(content);
  return std::make_shared<const verified_submission>(std::move(out));
}

std::vector<submission_ptr> fake_ledger::random_batch() {
  std::vector<submission_ptr> out;
  for (auto n = below(8); n > 0; --n)
    out.push_back(random_submission(client_id{static_cast<std::uint32_t>(below(client_count))}));
  market::sort_block(out);
  return out;
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

void fake_ledger::write_block(storage::store& s, block content,
                              std::vector<submission_ptr> submissions) {
  written_block w;
  auto n = content.sequence;
  w.submissions = std::move(submissions);
  auto encoded = std::make_shared<const bytes>(encode(content));
  statement what{view_number{n.value() / 10}, n, hash(*encoded)};
  w.committed = {{what, {}}, encoded};
  for (std::uint16_t i = 0; i < 3; ++i)
    w.committed.certificate.commits.push_back(
        sign(replica_id{i}, purpose::commit, signed_bytes(what)));
  w.chain = chain_next(blocks_.empty() ? cluster() : blocks_.back().chain, what.digest);

  w.result = std::make_shared<const market::block_result>(
      exchange_->execute({n, what.digest, content.time, w.submissions}));
  results_statement results{n, what.digest, w.result->results_root};
  w.by = sign(self, purpose::results, signed_bytes(results));

  storage::write_batch batch;
  append(batch, consensus::view_record{what.view});
  if (what.view != view_number{0})
    append(batch, consensus::new_view_record{make_new_view(new_view_of(what.view))});
  append(batch, storage::block_bodies{n, what.digest, w.submissions});
  append_agreement(batch, w.committed);
  append(batch, storage::stored_results{w.result, w.by});
  if (n.value() % checkpoint_interval == 0)
    append_checkpoint(batch, w);
  auto ok = s.write(batch, storage::durability::synced);
  BOURSE_ASSERT(ok.has_value());
  blocks_.push_back(std::move(w));
}

void fake_ledger::write_blocks(storage::store& s, std::size_t count) {
  for (; count > 0; --count) {
    auto submissions = random_batch();
    auto n = last().next();
    // After view changes times may stand out of order.
    auto time = block_time{start_of_time + 50 + n.value() * 10 - n.value() % 3 * 25};
    block content{cluster(), n, time, {}};
    for (auto& x : submissions)
      content.submissions.push_back(x->digest);
    write_block(s, std::move(content), std::move(submissions));
  }
}

void fake_ledger::write_null_block(storage::store& s) {
  write_block(s, null_block(cluster(), last().next()), {});
}

void fake_ledger::write_open_slot(storage::store& s) {
  auto submission = random_submission(client_id{0});
  block content{cluster(), last().next(), block_time{start_of_time * 2}, {submission->digest}};
  auto encoded = std::make_shared<const bytes>(encode(content));
  statement what{view_number{9}, content.sequence, hash(*encoded)};
  auto other = what;
  other.digest = hash("another block");
  auto& primary = replicas_[genesis_.size.primary_of(what.view).value()];
  auto signature = primary.sign(purpose::pre_prepare, cluster(), signed_bytes(what));
  storage::write_batch batch;
  append(batch, storage::block_bodies{content.sequence, what.digest, {submission}});
  append(batch, consensus::proposal_record{{what, signature, encoded}});
  append(batch, consensus::equivocation_record{
                    {what, signature, other,
                     primary.sign(purpose::pre_prepare, cluster(), signed_bytes(other))}});
  auto ok = s.write(batch, storage::durability::synced);
  BOURSE_ASSERT(ok.has_value());
}

} // namespace bourse::tests
