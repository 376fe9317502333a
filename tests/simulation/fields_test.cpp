// Every field of every message between replicas, to clients and from clients can be changed, and
// is; no change does harm.
#define CAF_SUITE fields
#include "tests/suite.hpp"

#include <map>
#include <set>

#include <nlohmann/json.hpp>

#include "messages/client.hpp"
#include "messages/consensus.hpp"
#include "simulation/field_campaign.hpp"
#include "simulation/simulation.hpp"

using namespace bourse::messages;
using namespace bourse::simulation;

namespace {

const field_path& field(const std::string& name) {
  for (const auto& f : all_fields())
    if (f.name() == name)
      return f;
  CAF_FAIL("no such field: " << name);
}

/// The view of a wish, once changed; nothing if that is no message any more.
std::optional<std::uint64_t> wish_after(std::uint64_t view, mutation how, byte_view earlier = {}) {
  splitmix64 random{1};
  auto m = decode_peer_message(mutate(encode(peer_message{wish{view_number{view}}}),
                                      field("wish.view"), how, random, earlier),
                               {});
  return m ? std::optional{std::get<wish>(*m).view.value()} : std::nullopt;
}

} // namespace

CAF_TEST(a schema is what the files say) {
  wire_schema s{R"(
    syntax = "proto3"; // words ; { }
    enum Side { SIDE_UNSPECIFIED = 0; SIDE_BUY = 1; }
    message Inner { fixed64 key = 1; }
    message Outer {
      oneof kind { Inner one = 1; Side side = 2; }
      repeated Inner all = 3;
      bytes content = 15;
    })"};
  const auto& outer = s.of("Outer");
  CAF_REQUIRE_EQUAL(outer.size(), 4u);
  CAF_CHECK_EQUAL(outer[0].message, "Inner");
  CAF_CHECK(outer[1].kind == wire_field::form::varint);
  CAF_CHECK(outer[2].repeated);
  CAF_CHECK_EQUAL(outer[3].number, 15u);
  CAF_CHECK(s.of("Inner").front().kind == wire_field::form::fixed64);
}

CAF_TEST(no kind of message and no field is left out) {
  std::set<std::uint32_t> kinds;
  std::set<std::string> names;
  for (const auto& f : all_fields()) {
    kinds.insert(f.kind());
    CAF_CHECK(names.insert(f.name()).second);
  }
  CAF_CHECK_EQUAL(
      kinds.size(),
      std::variant_size_v<
          peer_message> + std::variant_size_v<gateway_message> + std::variant_size_v<client_message>);
  for (const auto* name : {"pre_prepare.block.heads.report",
                           "prepare.by.signature",
                           "view_change.body.stable.proof",
                           "new_view.body.changes.body.prepared.prepares.replica",
                           "new_view.by.replica",
                           "bodies.submissions.body.requests.place.price",
                           "standing.wants_answer",
                           "stamp_reports.reports.body.delays",
                           "fetch_reports.reports.index",
                           "committed_block.certificate.what.view",
                           "state_pages.pages.key",
                           "welcome.next",
                           "results.reports.reports.price",
                           "results.by.signature",
                           "refused.why.code",
                           "gone.first",
                           "answer.body(BookView).bids.price",
                           "answer.body(AccountView).orders.leaves",
                           "answer.body(TradesView).trades.time",
                           "answer.body(ReceiptShare).report.fee",
                           "submit.submissions.body.requests.replace.post_only",
                           "resume.from",
                           "query.kind"})
    if (!names.contains(name))
      CAF_ERROR("no field " << name);
}

CAF_TEST(a field is changed as it is named) {
  CAF_CHECK(wish_after(41, mutation::plus_one) == 42u);
  CAF_CHECK(wish_after(41, mutation::minus_one) == 40u);
  CAF_CHECK(wish_after(41, mutation::zero).value_or(0) == 0u);
  CAF_CHECK(wish_after(41, mutation::drop) == 0u);
  CAF_CHECK(wish_after(41, mutation::max) == ~std::uint64_t{0});
  CAF_CHECK(wish_after(300, mutation::truncate) == (300u & 0x7f));
  CAF_CHECK(wish_after(41, mutation::swap, "\x07") == 7u);
  CAF_CHECK(wish_after(41, mutation::bit_flip) != 41u);
  // Deep inside, and nothing else.
  splitmix64 random{1};
  commit before{{view_number{3}, sequence_number{9}, hash("b")}, {replica_id{2}, {}}};
  auto after = before;
  after.what.sequence = sequence_number{10};
  auto changed = mutate(encode(peer_message{before}), field("commit.what.sequence"),
                        mutation::plus_one, random, {});
  CAF_CHECK(decode_peer_message(changed, {}) == peer_message{after});
  CAF_CHECK(value_of(changed, field("commit.what.sequence"), random) == "\x0a");
}

CAF_TEST(every field changed in every way harms nobody) {
  constexpr auto parts = field_campaign::usual_parts;
  std::map<std::string, std::uint64_t> sums;
  for (std::size_t part = 0; part < parts; ++part) {
    field_campaign campaign{part, parts};
    auto o = run(field_plan(part + 1), nullptr, &campaign);
    for (const auto& v : o.violations)
      CAF_ERROR("seed " << part + 1 << ": " << v.rule << ": " << v.what);
    auto r = campaign.report();
    for (const auto* left : {"missing", "unchanged"})
      if (!r[left].empty())
        CAF_ERROR("seed " << part + 1 << ", " << left << ": " << r[left].dump());
    for (const auto* name : {"cases", "sent", "nothing_to_sign", "unasked", "arrived", "unreadable",
                             "refused", "borne"})
      sums[name] += r[name].get<std::uint64_t>();
  }
  CAF_MESSAGE(all_fields().size() << " fields");
  for (const auto& [name, n] : sums)
    CAF_MESSAGE(name << ": " << n);
  CAF_CHECK_EQUAL(sums["cases"], all_field_cases().size());
  CAF_CHECK_EQUAL(sums["arrived"], sums["cases"] - sums["nothing_to_sign"]);
  CAF_CHECK(sums["nothing_to_sign"] < sums["cases"] / 4);
  CAF_CHECK(sums["unasked"] < sums["cases"] / 4);
  CAF_CHECK(sums["unreadable"] > 0);
  CAF_CHECK(sums["refused"] > 0);
  CAF_CHECK(sums["borne"] > 0);
}
