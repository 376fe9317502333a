#include "storage/layout.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

using layout::packer;
using layout::record_kind;
using layout::seal_size;

namespace {

/// `payload` has room for the seal.
void put(write_batch& to, family where, bytes key, bytes payload) {
  auto value = layout::seal(where, key, std::move(payload));
  to.put(where, std::move(key), std::move(value));
}

void append_record(write_batch& to, const consensus::view_record& r) {
  put(to, family::consensus, layout::record_key(record_kind::view),
      packer{8 + seal_size}.u64(r.view.value()).take());
}

void append_record(write_batch& to, const consensus::new_view_record& r) {
  put(to, family::consensus, layout::record_key(record_kind::new_view), encode(r.what));
}

void append_record(write_batch& to, const consensus::proposal_record& r) {
  const auto& what = r.what.what;
  packer payload{48 + signature::size + r.what.block->size() + seal_size};
  payload.statement(what).fixed(r.what.signature).raw(*r.what.block);
  put(to, family::consensus,
      layout::record_key(record_kind::proposal, what.sequence.value(), what.view.value()),
      payload.take());
}

void append_record(write_batch& to, const consensus::vote_record& r) {
  packer payload{48 + seal_size};
  payload.statement(r.what);
  put(to, family::consensus, layout::vote_key(r), payload.take());
}

void append_record(write_batch& to, const consensus::prepared_record& r) {
  put(to, family::consensus,
      layout::record_key(record_kind::prepared, r.what.what.sequence.value(),
                         r.what.what.view.value()),
      encode(r.what));
}

void append_record(write_batch& to, const consensus::committed_record& r) {
  auto certificate = encode(r.what.certificate);
  put(to, family::blocks, layout::sequence_key(r.what.certificate.what.sequence),
      packer{4 + certificate.size() + r.what.block->size() + seal_size}
          .sized(certificate)
          .raw(*r.what.block)
          .take());
}

void append_record(write_batch& to, const consensus::stable_record& r) {
  put(to, family::consensus, layout::record_key(record_kind::stable), encode(r.what));
  for (auto kind : {record_kind::proposal, record_kind::vote, record_kind::prepared})
    to.erase_range(family::consensus, layout::record_bound(kind, 0),
                   layout::record_bound(kind, r.what.what.sequence.value() + 1));
}

void append_record(write_batch& to, const consensus::equivocation_record& r) {
  put(to, family::consensus,
      layout::record_key(record_kind::equivocation, r.what.first.view.value(),
                         r.what.first.sequence.value()),
      encode(r.what));
}

} // namespace

void append(write_batch& to, const consensus::record& r) {
  std::visit([&to](auto& alternative) { append_record(to, alternative); }, r);
}

void append(write_batch& to, const block_bodies& b) {
  std::size_t size = 8 + seal_size;
  for (const auto* list : {&b.submissions, &b.voided})
    for (const auto& s : *list)
      size += 4 + s->source.body.size() + signature::size;
  packer payload{size};
  for (const auto* list : {&b.submissions, &b.voided}) {
    payload.u32(static_cast<std::uint32_t>(list->size()));
    for (const auto& s : *list)
      payload.sized(s->source.body).fixed(s->source.signature);
  }
  put(to, family::bodies, layout::bodies_key(b.sequence, b.block), payload.take());
}

namespace {

template <class Signed>
bytes pack_signed(const Signed& s) {
  return packer{signature::size + s.body.size() + seal_size}.fixed(s.signature).raw(s.body).take();
}

} // namespace

void append(write_batch& to, const verified_report& r) {
  chain_head name{r.content.replica, r.content.index, r.digest};
  put(to, family::stamps, layout::chain_key(name), pack_signed(r.source));
}

void append_pending(write_batch& to, const verified_submission& s) {
  submission_header about{s.content.client, s.content.stream, s.content.number};
  put(to, family::stamps, layout::pending_key(about, s.digest), pack_signed(s.source));
}

void erase_pending(write_batch& to, const submission_header& about, const digest& body) {
  to.erase(family::stamps, layout::pending_key(about, body));
}

void append(write_batch& to, const stored_results& r) {
  const auto& result = *r.result;
  std::size_t size = 150 + seal_size;
  for (const auto& c : result.reports)
    size += 20 + c.encoded.size();
  packer payload{size};
  payload.fixed(result.block_digest).fixed(result.results_root).u64(result.time.value());
  payload.u16(r.by.replica.value()).fixed(r.by.signature);
  payload.u32(result.requests).u32(static_cast<std::uint32_t>(result.settlements.size()));
  payload.u32(static_cast<std::uint32_t>(result.reports.size()));
  for (const auto& c : result.reports) {
    payload.u32(c.client.value()).u64(c.first.value()).u32(c.count).sized(c.encoded);
    put(to, family::reports, layout::report_key(c.client, c.first),
        packer{8 + seal_size}.u64(result.sequence.value()).take());
  }
  put(to, family::results, layout::results_key(result.sequence), payload.take());
  // Apart, so that a search for trades reads nothing else; and nothing where there were none.
  if (!result.settlements.empty())
    put(to, family::results, layout::settlements_key(result.sequence),
        layout::pack_settlements(result.time, result.settlements));
}

void append_page(write_batch& to, market::page_key key, byte_view content) {
  put(to, family::pages, layout::page_key(key),
      packer{content.size() + seal_size}.raw(content).take());
}

void append(write_batch& to, const stored_checkpoint& c,
            const std::vector<market::page_update>& dirty) {
  packer what{80 + seal_size};
  put(to, family::meta, bytes{layout::checkpoint_key}, layout::pack(what, c).take());
  for (const auto& p : dirty) {
    if (p.content.empty())
      to.erase(family::pages, layout::page_key(p.key));
    else
      append_page(to, p.key, p.content);
  }
}

} // namespace bourse::storage
