#include "storage/explain_order.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "storage/records.hpp"

namespace bourse::storage {

namespace {

class order_witness {
public:
  order_witness(const found_order& order, std::unordered_set<digest> neighbours)
      : order_(order), neighbours_(std::move(neighbours)) {}

  void see(const audited_order& b) {
    auto n = b.certificate.what.sequence;
    for (const auto& r : b.reports)
      for (const auto& s : r->content.stamps)
        if (neighbours_.contains(s.body))
          seen_.sources.try_emplace({s.body, r->content.replica, s.time},
                                    stamp_source{{r->content.replica, r->content.index, r->digest},
                                                 r->content.boundary,
                                                 n});
    auto is_it = [&](auto& e) {
      return e.body->digest == order_.body;
    };
    if (std::any_of(b.order.left_over.begin(), b.order.left_over.end(), is_it))
      seen_.left_over_by.push_back(n);
    auto found = std::find_if(b.order.executed.begin(), b.order.executed.end(), is_it);
    if (n != order_.block || found == b.order.executed.end())
      return;
    is_there_ = true;
    seen_.certificate = b.certificate;
    seen_.block = b.order;
    seen_.place = static_cast<std::size_t>(found - b.order.executed.begin());
    for (std::uint16_t i = 0; i < b.heads.replicas(); ++i) {
      const auto& head = b.heads.of(replica_id{i});
      auto is_named = std::any_of(b.named.begin(), b.named.end(),
                                  [&](auto& h) { return h.report == head.digest; });
      seen_.heads.push_back({head, is_named, head.boundary >= b.order.time});
    }
  }

  std::optional<explained_order> take() {
    return is_there_ ? std::optional{std::move(seen_)} : std::nullopt;
  }

private:
  const found_order& order_;
  std::unordered_set<digest> neighbours_; ///< all that its block executes
  explained_order seen_;
  bool is_there_ = false;
};

/// What the block executes, as the ledger has it. What is missing or damaged the audit will find.
std::unordered_set<digest> executed_with(const reader& s, sequence_number n) {
  std::unordered_set<digest> out;
  auto block = load_block(s, n);
  if (!block || !*block)
    return out;
  if (auto bodies = load_bodies(s, n, (*block)->certificate.what.digest))
    for (const auto& b : *bodies)
      out.insert(hash(b.body));
  return out;
}

} // namespace

std::optional<stamp_source> explained_order::source(const fairness::explained_entry& of,
                                                    const fairness::held_stamp& stamp) const {
  auto at = sources.find({of.body->digest, stamp.by, stamp.time});
  return at == sources.end() ? std::nullopt : std::optional{at->second};
}

expected<order_audit_report>
explain_order(const reader& s, const audit_genesis& g, const found_order& order,
              const std::function<void(const audit_progress&)>& progress) {
  order_witness witness{order, executed_with(s, order.block)};
  audit_options options;
  options.progress = progress;
  options.visit = [&witness](const audited_order& b) {
    witness.see(b);
  };
  options.last = order.block;
  auto audit = verify_ledger(s, g, options);
  if (!audit)
    return tl::unexpected{audit.error()};
  order_audit_report out{std::move(*audit), {}};
  if (!out.audit.problem)
    out.order = witness.take();
  if (!out.audit.problem && !out.order)
    out.audit.problem = audit_problem{order.block, "the block does not execute the order"};
  return out;
}

} // namespace bourse::storage
