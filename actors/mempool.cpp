#include "actors/mempool.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include <nlohmann/json.hpp>

#include "actors/peer_messages.hpp"
#include "actors/serve_budget.hpp"
#include "actors/spawn.hpp"
#include "actors/verify_queue.hpp"
#include "messages/assert.hpp"

namespace bourse::actors {

namespace {

constexpr std::uint64_t ms = 1'000'000; ///< in nanoseconds
/// Signatures in one message to a verifier: few enough that several verifiers share a burst.
constexpr std::size_t chunk = 64;
/// Messages that a verifier has at once: one in work and one to go on with.
constexpr std::size_t chunks_per_verifier = 2;
/// An answer may take so long to come; the sequencer asks again before.
constexpr std::uint64_t wanted_for = 2'000 * ms;

class mempool {
public:
  static constexpr const char* name = "mempool";

  mempool(mempool_actor::pointer self, mempool_setup setup)
      : self_(self),
        context_(std::move(setup.context)),
        pool_(std::move(setup.pool)),
        verifiers_(std::move(setup.verifiers)),
        loads_(verifiers_.size()),
        queue_({rules().stream_window_bytes,
                market::pending_pool::admitted_credits * std::max(1u, rules().stream_window)}),
        budget_(context_->genesis.size.n) {
    BOURSE_ASSERT(!verifiers_.empty());
  }

  mempool_actor::behavior_type behavior() {
    return {
        [this](start_atom, const routes_ptr& routes) { routes_ = routes; },
        [this](admit_atom, const admission_ptr& what) {
          meter m(context_->counters, component::mempool);
          admit(*what);
        },
        [this](verified_atom, const verification_ptr& batch) {
          meter m(context_->counters, component::mempool);
          verified(*batch);
        },
        [this](frame_atom, replica_id from, const frame_ptr& frame) {
          meter m(context_->counters, component::mempool);
          receive(from, *frame);
        },
        [this](want_atom, const digests_ptr& what) {
          meter m(context_->counters, component::mempool);
          for (const auto& d : *what)
            wanted_[d] = now_ns(self_) + wanted_for;
        },
        [this](executed_atom, const executed_ptr& block) {
          meter m(context_->counters, component::mempool);
          pool_.executed(*block->result, block->what->executes);
          std::erase_if(wanted_, [now = now_ns(self_)](const auto& w) { return w.second < now; });
        },
        [this](status_atom) { return status(); },
    };
  }

private:
  const market::rules& rules() const {
    return context_->genesis.market;
  }

  // -- admission ---------------------------------------------------------------------------------

  void admit(admission& what) {
    refusing refused;
    for (auto& s : what.submissions) {
      submission_header header;
      if (auto ok = enqueue(what, s, header); !ok)
        refused[what.session].push_back({header.stream, header.number, std::move(ok.error())});
    }
    refuse(std::move(refused));
    dispatch();
  }

  /// Everything that is cheaper than the signature comes before it.
  expected<void> enqueue(const admission& from, signed_submission& s, submission_header& header) {
    if (s.body.size() > rules().submissions.max_bytes)
      return fail(errc::too_large);
    auto decoded = decode_submission_header(s.body);
    if (!decoded)
      return tl::unexpected(std::move(decoded.error()));
    header = *decoded;
    if (header.client != from.client)
      return fail(errc::not_authorised, "the submission is another client's");
    auto digest = hash(s.body);
    // What others have stamped is taken whatever the credit: they may be ahead.
    if (!wanted_.contains(digest))
      if (auto ok = pool_.admissible(header, s.body.size()); !ok)
        return ok;
    if (pool_.find(digest) || queue_.holds(digest, s.signature))
      return {}; // sent again: it is here
    verification::item item;
    item.session = from.session;
    item.header = header;
    item.digest = digest;
    item.source = std::move(s);
    if (!queue_.add(std::move(item)))
      return fail(errc::busy);
    return {};
  }

  /// Keeps all verifiers at work, the next chunk at the one with the least to do.
  void dispatch() {
    while (queue_.waiting() > 0) {
      auto idlest = std::min_element(loads_.begin(), loads_.end());
      if (*idlest >= chunks_per_verifier)
        return;
      auto share = (queue_.waiting() + verifiers_.size() - 1) / verifiers_.size();
      auto batch = std::make_shared<verification>();
      batch->items = queue_.take(std::clamp<std::size_t>(share, 1, chunk));
      batch->verifier = static_cast<std::size_t>(idlest - loads_.begin());
      ++*idlest;
      self_->send(verifiers_[batch->verifier], verify_atom::value, batch);
    }
  }

  void verified(verification& batch) {
    --loads_[batch.verifier];
    refusing refused;
    std::vector<submission_ptr> good;
    for (auto& item : batch.items) {
      queue_.done(item);
      if (!item.verified) {
        refused[item.session].push_back({item.header.stream, item.header.number, item.why});
        continue; // where it was wanted, another has it with a signature
      }
      wanted_.erase(item.digest);
      pool_.add(item.verified);
      good.push_back(std::move(item.verified));
    }
    refuse(std::move(refused));
    dispatch();
    if (!good.empty())
      self_->send(routes_->sequencer, bodies_atom::value,
                  std::make_shared<const std::vector<submission_ptr>>(std::move(good)));
  }

  using refusing = std::map<session_id, std::vector<messages::refused>>;

  void refuse(refusing refused) {
    for (auto& [session, items] : refused) {
      for (const auto& item : items)
        ++refusals_[item.why.code];
      if (session.value != 0)
        self_->send(routes_->gateway, refuse_atom::value,
                    std::make_shared<const refusals>(refusals{session, std::move(items)}));
    }
  }

  // -- peers -------------------------------------------------------------------------------------

  void receive(replica_id from, byte_view frame) {
    auto& counters = context_->counters;
    for_each_peer_message(frame, channel::bodies, counters, [&](peer_message&& what) {
      if (auto* ask = std::get_if<fetch_bodies>(&what))
        serve(from, *ask);
      else if (auto* answer = std::get_if<bodies>(&what))
        take(from, *answer);
      else
        ++counters.malformed_from_peers;
    });
    dispatch();
  }

  /// Verified like a client's.
  void take(replica_id from, bodies& what) {
    for (auto& s : what.submissions) {
      auto digest = hash(s.body);
      auto header = decode_submission_header(s.body);
      if (!header || !wanted_.contains(digest)) {
        ++context_->counters.unwanted_bodies;
        continue;
      }
      if (pool_.find(digest) || queue_.holds(digest, s.signature))
        continue;
      verification::item item;
      item.peer = from;
      item.header = *header;
      item.digest = digest;
      item.source = std::move(s);
      if (!queue_.add(std::move(item)))
        ++context_->counters.unwanted_bodies;
    }
  }

  void serve(replica_id to, const fetch_bodies& what) {
    if (what.digests.size() > rules().blocks.max_requests
        || !budget_.may(to, now_ns(self_) / ms, what.digests.size()))
      return;
    fetch_bodies rest{what.sequence, {}};
    std::vector<submission_ptr> here;
    for (const auto& d : what.digests) {
      if (auto body = pool_.find(d))
        here.push_back(std::move(body));
      else
        rest.digests.push_back(d);
    }
    in_messages(
        here, [](const submission_ptr& s) { return s->source; },
        [&](bodies part) { send(to, std::move(part)); });
    if (!rest.digests.empty())
      self_->send(routes_->sequencer, bodies_atom::value, to, std::move(rest));
  }

  void send(replica_id to, peer_message what) {
    auto encoded = std::make_shared<const bytes>(encode(what));
    budget_.spent(to, encoded->size());
    self_->send(routes_->peers, send_atom::value, to, channel::bodies, encoded);
  }

  std::string status() const {
    nlohmann::json s;
    s["pending"] = pool_.held();
    s["pending_bytes"] = pool_.held_bytes();
    s["verifying"] = queue_.waiting();
    s["verifying_bytes"] = queue_.held_bytes();
    s["wanted_bodies"] = wanted_.size();
    s["unwanted_bodies"] = context_->counters.unwanted_bodies.load();
    s["refused"] = nlohmann::json::object();
    for (const auto& [why, count] : refusals_)
      s["refused"][std::string{to_string(why)}] = count;
    return s.dump();
  }

  mempool_actor::pointer self_;
  context_ptr context_;
  routes_ptr routes_;
  market::pending_pool pool_;
  std::vector<verifier_actor> verifiers_;
  std::vector<std::size_t> loads_; ///< chunks at each verifier
  verify_queue queue_;
  /// Asked of peers, and until when an answer is taken.
  std::unordered_map<digest, std::uint64_t> wanted_;
  serve_budget budget_;
  std::map<errc, std::uint64_t> refusals_;
};

} // namespace

mempool_actor spawn_mempool(caf::actor_system& system, mempool_setup setup) {
  return spawn_shell<mempool, mempool_actor>(system, std::move(setup));
}

} // namespace bourse::actors
