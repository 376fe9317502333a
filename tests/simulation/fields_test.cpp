// Every field of every message between replicas can be changed, and is; no change does harm.
#define CAF_SUITE fields
#include "tests/suite.hpp"

#include <set>

#include <nlohmann/json.hpp>

#include "messages/consensus.hpp"
#include "simulation/field_campaign.hpp"
#include "simulation/run.hpp"

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
  CAF_CHECK_EQUAL(kinds.size(), std::variant_size_v<peer_message>);
  for (const auto* name :
       {"pre_prepare.block.submissions", "prepare.by.signature", "view_change.body.stable.proof",
        "new_view.body.changes.body.prepared.prepares.replica", "new_view.by.replica",
        "bodies.submissions.body.requests.place.price", "standing.wants_answer",
        "committed_block.certificate.what.view", "state_pages.pages.key"})
    CAF_CHECK(names.contains(name));
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
  constexpr std::size_t parts = 64;
  std::size_t cases = 0;
  std::uint64_t unreadable = 0, refused = 0, borne = 0;
  for (std::size_t part = 0; part < parts; ++part) {
    field_campaign campaign{part, parts};
    auto o = run(field_plan(part + 1), nullptr, &campaign);
    for (const auto& v : o.violations)
      CAF_ERROR("seed " << part + 1 << ": " << v.rule << ": " << v.what);
    auto r = campaign.report();
    if (!r["missing"].empty())
      CAF_ERROR("seed " << part + 1 << " never sent " << r["missing"].dump());
    cases += r["sent"].get<std::size_t>();
    unreadable += r["unreadable"].get<std::uint64_t>();
    refused += r["refused"].get<std::uint64_t>();
    borne += r["borne"].get<std::uint64_t>();
  }
  CAF_MESSAGE(all_fields().size() << " fields, " << cases << " cases; " << unreadable
                                  << " unreadable, " << refused << " refused, " << borne
                                  << " borne");
  CAF_CHECK_EQUAL(cases, all_field_cases().size());
  CAF_CHECK(unreadable > 0);
  CAF_CHECK(refused > 0);
  CAF_CHECK(borne > 0);
}
