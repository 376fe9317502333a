#include "conformance/check.hpp"

namespace bourse::conformance {

namespace {

struct kind_words {
  std::string_view operator()(const pre_prepare&) const {
    return "pre_prepare";
  }
  std::string_view operator()(const prepare&) const {
    return "prepare";
  }
  std::string_view operator()(const commit&) const {
    return "commit";
  }
  std::string_view operator()(const checkpoint&) const {
    return "checkpoint";
  }
  std::string_view operator()(const progress&) const {
    return "progress";
  }
  std::string_view operator()(const committed_block&) const {
    return "committed_block";
  }
  std::string_view operator()(const wish&) const {
    return "wish";
  }
  std::string_view operator()(const view_change&) const {
    return "view_change";
  }
  std::string_view operator()(const new_view&) const {
    return "new_view";
  }
  template <class Other>
  std::string_view operator()(const Other&) const {
    return "other";
  }
};

void count(trace_report& r, const event& e) {
  ++r.steps;
  if (std::holds_alternative<started>(e))
    ++r.starts;
  else if (std::holds_alternative<received>(e))
    ++r.heard;
  else if (const auto* s = std::get_if<said>(&e))
    ++r.said[kind_of(s->what)];
  else if (std::holds_alternative<executing>(e))
    ++r.executed;
}

} // namespace

std::string_view kind_of(const peer_message& m) {
  return std::visit(kind_words{}, m);
}

expected<trace_report> check_trace(byte_view trace, const verifier& verify, spec_cluster& cluster) {
  auto reader = trace_reader::open(trace);
  if (!reader)
    return tl::unexpected(reader.error());
  trace_report out;
  out.who = reader->who();
  spec_replica replica{out.who, verify};
  for (;;) {
    auto next = reader->next();
    if (!next)
      return tl::unexpected(next.error());
    if (!*next)
      break;
    const auto& e = (*next)->what;
    count(out, e);
    auto why = replica.take(e);
    if (!why)
      why = cluster.take(out.who.self, e);
    if (why) {
      out.refused = refused_step{reader->records(), (*next)->time_ns, in_words(e), *why};
      break;
    }
  }
  out.full = reader->full();
  out.cut_off = reader->cut_off();
  if (out.cut_off)
    out.left_out_bytes = reader->left();
  return out;
}

} // namespace bourse::conformance
