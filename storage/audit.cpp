#include "storage/audit.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

#include "consensus/certificates.hpp"
#include "fairness/fair_exchange.hpp"
#include "messages/crypto.hpp"
#include "storage/audit_base.hpp"
#include "storage/audit_block.hpp"
#include "storage/audit_order.hpp"
#include "storage/audit_results.hpp"
#include "storage/layout.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

namespace {

/// Blocks are read in runs of so many or so much, which all processors then check.
constexpr std::size_t run_blocks = 256;
constexpr std::size_t run_bytes = std::size_t{32} * 1024 * 1024;

/// Calls f(i) for every i below n, on all processors.
void in_parallel(std::size_t n, const std::function<void(std::size_t)>& f) {
  std::atomic<std::size_t> next = 0;
  auto work = [&] {
    for (auto i = next++; i < n; i = next++)
      f(i);
  };
  std::vector<std::thread> helpers;
  auto wanted = std::min<std::size_t>(std::max(1U, std::thread::hardware_concurrency()), n);
  for (std::size_t i = 1; i < wanted; ++i)
    helpers.emplace_back(work);
  work();
  for (auto& h : helpers)
    h.join();
}

class ledger_audit {
public:
  ledger_audit(const reader& s, const audit_genesis& g, const audit_options& options)
      : store_(s),
        genesis_(g),
        options_(options),
        keys_(g),
        order_(s, g),
        exchange_(g.rules, g.size, g.checkpoint_interval, messages::fresh_hash_seed()) {}

  expected<audit_report> run() {
    using step = expected<void> (ledger_audit::*)();
    std::vector<step> steps{&ledger_audit::identify, &ledger_audit::survey,
                            &ledger_audit::check_records, &ledger_audit::check_log,
                            &ledger_audit::check_leftovers};
    if (options_.last)
      steps = {&ledger_audit::identify, &ledger_audit::survey, &ledger_audit::check_log};
    for (auto do_it : steps)
      if (auto ok = (this->*do_it)(); !ok)
        return tl::unexpected{ok.error()};
    report_.chain = chain_;
    if (!report_.problem)
      report_.state = market::state_digest(report_.executed, chain_, exchange_.page_root());
    report_.supply = exchange_.market().clearing().supply();
    return std::move(report_);
  }

private:
  // Keeps the first problem.
  void note(sequence_number block, std::string what) {
    if (!report_.problem || block < report_.problem->block)
      report_.problem = audit_problem{block, std::move(what)};
  }

  /// Damage is a problem of the block; anything else ends the audit.
  expected<void> note_or_fail(sequence_number block, const error& e) {
    if (e.code != errc::corrupt)
      return tl::unexpected{e};
    note(block, e.detail);
    return {};
  }

  expected<void> identify() {
    auto identity = layout::load_identity(store_);
    if (!identity)
      return tl::unexpected{identity.error()};
    if (!*identity)
      return fail(errc::not_found, "there is no ledger");
    if ((*identity)->cluster != genesis_.rules.cluster)
      return fail(errc::wrong_cluster,
                  "the ledger is of cluster " + to_hex((*identity)->cluster.view())
                      + ", the genesis file says " + to_hex(genesis_.rules.cluster.view()));
    report_.replica = (*identity)->replica;
    return {};
  }

  /// What there is, and where execution can start.
  expected<void> survey() {
    auto checkpoint = load_checkpoint(store_);
    auto stable = load_stable(store_);
    auto last = last_committed(store_);
    auto results = store_.last(family::results, layout::results_key(sequence_number{0}),
                               layout::results_key(sequence_number{UINT64_MAX}));
    if (!checkpoint || !stable || !last || !results)
      return tl::unexpected{!checkpoint ? checkpoint.error()
                            : !stable   ? stable.error()
                            : !last     ? last.error()
                                        : results.error()};
    checkpoint_ = *checkpoint;
    stable_ = stable->value_or(stable_checkpoint{});
    last_ = std::min(*last, options_.last.value_or(*last));
    report_.stable = stable_.what.sequence;
    if (checkpoint_)
      must_have_ = report_.checkpoint.emplace(checkpoint_->sequence);
    if (*results) {
      layout::unpacker key{(*results)->first};
      key.u8();
      must_have_ = std::max(must_have_, sequence_number{key.big_u64()});
    }
    chain_ = genesis_.rules.cluster;
    return begin_at_base();
  }

  expected<void> begin_at_base() {
    auto base = load_base(store_);
    if (!base)
      return tl::unexpected{base.error()};
    if (!*base)
      return begin_at_genesis();
    const auto& what = (*base)->what;
    report_.base = report_.executed = what.sequence;
    report_.first = what.sequence.next();
    report_.time = what.time;
    chain_ = what.chain;
    auto good = check_base(store_, **base, genesis_.size, keys_, exchange_, report_.signatures);
    if (!good)
      return note_or_fail(what.sequence, good.error());
    order_.begin_at(exchange_.order().heads());
    // A state that was taken from others becomes the own checkpoint when the node starts.
    if (checkpoint_ && checkpoint_->sequence < what.sequence)
      checkpoint_.reset();
    return check_state(what.sequence, what.time);
  }

  expected<void> begin_at_genesis() {
    report_.first = sequence_number{1};
    auto first = report_.first;
    auto ok = store_.scan(family::blocks, {}, {}, [&first](byte_view key, byte_view) {
      first = sequence_number{layout::unpacker{key}.big_u64()};
      return false;
    });
    if (!ok)
      return ok;
    // If nothing was executed, they wait for earlier ones.
    if (first > report_.first && must_have_ > sequence_number{0})
      note(report_.first, "the log begins with block " + std::to_string(first.value())
                              + ", and no base stands for what came before");
    return {};
  }

  /// The records of consensus: whole, and their certificates valid.
  expected<void> check_records() {
    auto checked = check_consensus_records(
        store_, genesis_.size, keys_, report_.signatures,
        [this](sequence_number n, std::string what) { note(n, std::move(what)); });
    if (!checked)
      return checked;
    if (stable_.what.sequence == sequence_number{0})
      return {};
    report_.signatures += stable_.proof.size();
    if (!consensus::valid(stable_, genesis_.size, keys_))
      note(stable_.what.sequence, "the proof of the stable checkpoint is not valid");
    return {};
  }

  expected<void> check_log() {
    for (auto n = report_.first; n <= last_ && !report_.problem;) {
      auto run = read_run(n);
      if (!run)
        return tl::unexpected{run.error()};
      in_parallel(run->size(), [&](std::size_t i) { check_alone((*run)[i], genesis_); });
      order_.begin_run(*run);
      for (auto& b : *run) {
        if (auto ok = follow(b); !ok)
          return ok;
        if (report_.problem)
          break;
      }
      n = sequence_number{n.value() + run->size()};
      if (options_.progress)
        options_.progress({sequence_number{n.value() - 1}, last_});
    }
    if (!report_.problem && must_have_ > last_ && !options_.last)
      note(last_.next(), "the block is missing");
    return {};
  }

  expected<std::vector<audited_block>> read_run(sequence_number from) {
    std::vector<audited_block> out;
    std::size_t size = 0;
    for (auto n = from; n <= last_ && out.size() < run_blocks && size < run_bytes; n = n.next()) {
      auto& b = out.emplace_back();
      b.sequence = n;
      auto read = read_block(b, size);
      if (read)
        continue;
      if (read.error().code != errc::corrupt)
        return tl::unexpected{read.error()};
      b.problem = read.error().detail;
    }
    return out;
  }

  expected<void> read_block(audited_block& b, std::size_t& size) {
    auto block = load_block(store_, b.sequence);
    if (!block)
      return tl::unexpected{block.error()};
    if (*block) {
      b.source = std::move(**block);
      size += b.source.block->size();
      if (auto content = decode_block(*b.source.block)) // else check_alone says what is wrong
        b.heads = std::move(content->heads);
    }
    if (auto ok = order_.read_reports(b, size); !ok)
      return ok;
    return layout::load_range(store_, family::bodies, layout::sequence_key(b.sequence),
                              layout::sequence_key(b.sequence.next()),
                              [&](byte_view key, byte_view payload) -> expected<bool> {
                                size += payload.size();
                                if (auto ok = read_bodies(b, key, payload); !ok)
                                  return tl::unexpected{ok.error()};
                                return true;
                              });
  }

  static expected<void> read_bodies(audited_block& b, byte_view key, byte_view payload) {
    if (b.source.block == nullptr)
      return {}; // that matters more
    if (key != layout::bodies_key(b.sequence, b.source.certificate.what.digest))
      return layout::nonsense(family::bodies, key, "bodies of another block");
    auto into = [](std::vector<signed_submission>& to) {
      return [&to](byte_view body, const signature& sig) {
        to.push_back({bytes{body}, sig});
      };
    };
    auto& to = b.bodies.emplace();
    return layout::unpack_bodies(key, payload, into(to.executed), into(to.voided));
  }

  /// One block further: its place in the log, its execution, its results.
  expected<void> follow(audited_block& b) {
    auto n = b.sequence;
    if (b.source.block == nullptr && !b.problem) {
      stopped_ = true; // others may have been committed out of turn behind it
      if (n <= must_have_)
        note(n, "the block is missing");
      return {};
    }
    if (b.problem) {
      note(n, std::move(*b.problem));
      return {};
    }
    ++report_.blocks;
    report_.signatures += b.signatures;
    if (!b.bodies && n <= must_have_) {
      note(n, "the bodies are missing");
      return {};
    }
    if (stopped_) {
      ++report_.not_executable;
      return {};
    }
    return execute(b);
  }

  /// Something that the block's execution takes is not here. Once the node has executed it, that is
  /// a problem.
  void stop(const audited_block& b, std::string_view what) {
    stopped_ = true;
    ++report_.not_executable;
    if (b.bodies)
      note(b.sequence, std::string{what});
  }

  expected<void> execute(const audited_block& b) {
    auto n = b.sequence;
    const auto& reports = order_.take_reports(b, exchange_.order().heads());
    if (!exchange_.lacking(b.heads, reports).empty()) {
      stop(b, "a report of stamps that leads to the block's heads is missing");
      return {};
    }
    std::vector<report_ptr> committed;
    if (options_.visit)
      committed = exchange_.order().committed_by(b.heads, reports);
    auto bodies = order_.find_bodies(exchange_.begin(b.heads, reports));
    if (!bodies)
      return tl::unexpected{bodies.error()};
    if (bodies->missing) {
      stop(b, "the body " + to_hex(bodies->missing->view()) + " is missing");
      return {};
    }
    auto digest = b.source.certificate.what.digest;
    fairness::block_explanation why;
    auto outcome = exchange_.finish(n, digest, bodies->bodies, options_.visit ? &why : nullptr);
    order_.forget(exchange_.order().heads());
    if (b.bodies && (!same(b.executed, outcome.executed) || !same(b.voided, outcome.voided))) {
      note(n, "the bodies are not those that the block executes");
      return {};
    }
    chain_ = chain_next(chain_, digest);
    auto checked = check_outcome(n, outcome);
    if (checked && options_.visit && !report_.problem && !b.heads.empty())
      options_.visit({b.source.certificate, b.heads, exchange_.order().heads(), committed, why});
    return checked;
  }

  static bool same(const std::vector<submission_ptr>& a, const std::vector<submission_ptr>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](auto& x, auto& y) { return x->digest == y->digest; });
  }

  expected<void> check_outcome(sequence_number n, const fairness::fair_exchange::outcome& outcome) {
    const auto& result = outcome.result;
    report_.executed = n;
    report_.time = result.time;
    report_.submissions += outcome.executed.size();
    report_.requests += result.requests;
    report_.trades += static_cast<std::uint64_t>(
        std::count_if(result.settlements.begin(), result.settlements.end(),
                      [](auto& s) { return s.trade != trade_id{}; }));
    for (auto& part : result.reports)
      report_.reports += part.count;
    index_entries_ += result.reports.size();

    auto found = check_results(store_, result, report_.replica, keys_);
    if (!found)
      return note_or_fail(n, found.error());
    if (*found == stored::nothing) {
      if (n <= must_have_)
        note(n, "the results are missing");
      ++report_.without_results;
      index_entries_ -= result.reports.size();
      return {};
    }
    ++report_.signatures;
    return check_state(n, result.time);
  }

  /// Against the checkpoints, if there is one of this block.
  expected<void> check_state(sequence_number n, block_time time) {
    auto own = checkpoint_ && checkpoint_->sequence == n;
    if (!own && stable_.what.sequence != n)
      return {};
    auto state = market::state_digest(n, chain_, exchange_.page_root());
    if (stable_.what.sequence == n && stable_.what.state != state)
      note(n, "the stable checkpoint proves another state");
    if (!own)
      return {};
    if (checkpoint_->chain != chain_ || checkpoint_->time != time || checkpoint_->state != state)
      note(n, "the own checkpoint is of another state");
    market::page_tree pages;
    auto loaded = load_pages(store_, [&](market::page_key k, byte_view content) -> expected<void> {
      pages.apply(k, content);
      return {};
    });
    if (!loaded)
      return note_or_fail(n, loaded.error());
    if (market::state_digest(n, chain_, pages.root()) != state)
      note(n, "the state pages are of another state");
    return {};
  }

  /// What belongs to no block that was checked.
  expected<void> check_leftovers() {
    if (report_.problem)
      return {};
    auto note_it = [this](sequence_number n, std::string what) {
      note(n, std::move(what));
    };
    if (auto checked = check_index(store_, index_entries_, note_it); !checked)
      return note_or_fail(report_.executed, checked.error());
    auto gathered = check_next_base(store_, genesis_.size, keys_, report_.signatures, note_it);
    if (!gathered)
      return note_or_fail(report_.executed, gathered.error());
    auto others = order_.check_others(last_, report_.signatures, note_it);
    if (!others)
      return note_or_fail(last_, others.error());
    // Bodies lie with executed blocks alone.
    auto behind = last_.next();
    auto ok = layout::load_range(store_, family::bodies, layout::sequence_key(behind), {},
                                 [&](byte_view key, byte_view) -> expected<bool> {
                                   behind = sequence_number{layout::unpacker{key}.big_u64()};
                                   note(behind, "bodies of a block that is not here");
                                   return false;
                                 });
    return ok ? ok : note_or_fail(behind, ok.error());
  }

  const reader& store_;
  const audit_genesis& genesis_;
  const audit_options& options_;
  auditor_keys keys_;
  order_audit order_;
  fairness::fair_exchange exchange_;
  audit_report report_;
  std::optional<stored_checkpoint> checkpoint_;
  stable_checkpoint stable_;
  sequence_number last_;
  /// Up to here the node has executed and said so: blocks, bodies and results must be there.
  sequence_number must_have_;
  digest chain_;
  bool stopped_ = false; ///< execution, at a gap
  /// Of the state, if a block may have been begun since.
  std::uint64_t index_entries_ = 0;
};

} // namespace

expected<audit_report> verify_ledger(const reader& s, const audit_genesis& g,
                                     const audit_options& options) {
  return ledger_audit{s, g, options}.run();
}

} // namespace bourse::storage
