#include "storage/audit_order.hpp"

#include <algorithm>

#include "fairness/stamped.hpp"
#include "storage/layout.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

order_audit::order_audit(const reader& s, const audit_genesis& g)
    : store_(s), genesis_(g), reports_(g.size), first_(g.size.n), read_(g.size.n) {}

void order_audit::begin_at(const fairness::chain_heads& heads) {
  for (std::uint16_t i = 0; i < first_.size(); ++i)
    first_[i] = heads.of(replica_id{i}).index;
  read_ = first_;
}

expected<void> order_audit::read_reports(audited_block& b, std::size_t& size) {
  for (const auto& head : b.heads) {
    if (head.replica.value() >= read_.size())
      continue; // check_alone will say so
    auto& last = read_[head.replica.value()];
    if (head.index <= last)
      continue;
    // No further than that: damage behind it is another block's.
    auto ok
        = layout::load_range(store_, family::stamps, layout::chain_bound(head.replica, last.next()),
                             layout::chain_bound(head.replica, head.index.next()),
                             [&](byte_view key, byte_view payload) -> expected<bool> {
                               size += payload.size();
                               auto name = layout::unpack_chain_key(key);
                               if (!name)
                                 return tl::unexpected{name.error()};
                               auto r = layout::unpack_report(*name, payload);
                               if (!r)
                                 return tl::unexpected{r.error()};
                               b.reports.push_back({*name, std::move(*r)});
                               return true;
                             });
    if (!ok)
      return ok;
    last = head.index;
  }
  return {};
}

// -- what execution asks for --------------------------------------------------------------------

void order_audit::begin_run(const std::vector<audited_block>& run) {
  run_.clear();
  for (const auto& b : run) {
    for (const auto* list : {&b.executed, &b.voided})
      for (const auto& s : *list)
        run_.emplace(s->digest, s);
    run_end_ = b.sequence;
  }
}

const fairness::report_store& order_audit::take_reports(const audited_block& b,
                                                        const fairness::chain_heads& heads) {
  for (const auto& r : b.chains)
    reports_.add(r, heads.of(r->content.replica), true);
  return reports_;
}

void order_audit::forget(const fairness::chain_heads& heads) {
  for (std::uint16_t i = 0; i < heads.replicas(); ++i)
    reports_.forget(replica_id{i}, heads.of(replica_id{i}).index, [](const digest&) {});
}

/// What is damaged is passed over: check_others finds it.
expected<void> order_audit::load_pending() {
  pending_.emplace();
  return store_.scan(family::stamps, {}, layout::pending_end, [&](byte_view key, byte_view value) {
    auto payload = layout::unseal(family::stamps, key, value);
    auto name = layout::unpack_pending_key(key);
    if (!payload || !name)
      return true;
    if (auto source = layout::unpack_pending(*name, *payload))
      if (auto body = decode_body(std::move(*source), genesis_))
        pending_->emplace(name->body, std::move(*body));
    return true;
  });
}

/// In blocks behind the run, for what was left over for long. What is damaged there will be found.
expected<void> order_audit::look_ahead(bodies_by_name& missing) const {
  auto left = missing.size();
  auto take = [&](byte_view source, const signature& sig) {
    auto wanted = missing.find(hash(source));
    if (wanted == missing.end() || wanted->second)
      return;
    if (auto body = decode_body({bytes{source}, sig}, genesis_)) {
      wanted->second = std::move(*body);
      --left;
    }
  };
  return store_.scan(family::bodies, layout::sequence_key(run_end_.next()), {},
                     [&](byte_view key, byte_view value) {
                       if (auto payload = layout::unseal(family::bodies, key, value))
                         (void)layout::unpack_bodies(key, *payload, take, take);
                       return left > 0;
                     });
}

expected<order_audit::found_bodies> order_audit::find_bodies(std::span<const digest> names) {
  bodies_by_name missing;
  for (const auto& name : names)
    if (!run_.contains(name))
      missing.emplace(name, nullptr);
  if (!missing.empty() && !pending_)
    if (auto ok = load_pending(); !ok)
      return tl::unexpected{ok.error()};
  if (pending_)
    std::erase_if(missing, [&](const auto& m) { return pending_->contains(m.first); });
  if (!missing.empty())
    if (auto ok = look_ahead(missing); !ok)
      return tl::unexpected{ok.error()};
  found_bodies out;
  for (const auto& name : names) {
    submission_ptr body;
    if (auto i = run_.find(name); i != run_.end())
      body = i->second;
    else if (auto k = missing.find(name); k != missing.end())
      body = k->second;
    else
      body = pending_->at(name);
    if (!body && !out.missing)
      out.missing = name;
    out.bodies.push_back(std::move(body));
  }
  return out;
}

// -- what no block asked for --------------------------------------------------------------------

expected<void> order_audit::check_other_reports(sequence_number last, std::uint64_t& signatures,
                                                const note_function& note) const {
  auto is_checked = [this](const chain_head& name) {
    auto who = name.replica.value();
    return who < read_.size() && name.index > first_[who] && name.index <= read_[who];
  };
  return load_reports(store_, replica_id{0}, report_index{0},
                      [&](const chain_head& name, signed_report r) -> expected<bool> {
                        if (is_checked(name))
                          return true;
                        ++signatures;
                        if (auto good = check_report(name, std::move(r), genesis_); !good)
                          note(last, "a report of stamps that no block needs: "
                                         + to_string(good.error()));
                        return true;
                      });
}

expected<void> order_audit::check_pending(sequence_number last, std::uint64_t& signatures,
                                          const note_function& note) const {
  return storage::load_pending(
      store_, [&](const submission_header& about, signed_submission source) -> expected<void> {
        ++signatures;
        auto body = check_body(std::move(source), genesis_);
        if (!body)
          note(last, "a body that is pending " + body.error().detail);
        else if (fairness::about(**body).about != about)
          note(last, "a body that is pending lies under another number");
        return {};
      });
}

expected<void> order_audit::check_others(sequence_number last, std::uint64_t& signatures,
                                         const note_function& note) const {
  auto reports = check_other_reports(last, signatures, note);
  return reports ? check_pending(last, signatures, note) : reports;
}

} // namespace bourse::storage
