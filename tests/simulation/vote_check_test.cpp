// What an honest node says is held against what is durable at that moment.
#define CAF_SUITE vote_check
#include "tests/suite.hpp"

#include "simulation/vote_check.hpp"

using namespace bourse;
using namespace bourse::messages;
using namespace bourse::simulation;
using storage::durability;

namespace {

/// Node 1 is watched, a backup of view 0 and the primary of view 1.
struct fixture {
  cluster nodes{[] {
    cluster_options o;
    o.genesis = test_genesis();
    o.asleep = true;
    return o;
  }()};
  violations out;
  vote_check votes{nodes, out};
  stamp_report report{replica_id{2}, report_index{1}, cluster_id(), stamp_time{20'000}, {}};
  chain_head head{report.replica, report.index, hash(encode(report))};
  std::shared_ptr<const bytes> block = std::make_shared<const bytes>(
      encode(bourse::messages::block{cluster_id(), sequence_number{1}, {head}}));
  statement first{view_number{0}, sequence_number{1}, hash(*block)};

  digest cluster_id() const {
    return nodes.genesis().cluster();
  }
  replica_signature sign(std::size_t by, purpose why, byte_view what) const {
    return {nodes.identity(by), replica_key(by).sign(why, cluster_id(), what)};
  }
  void write(const std::function<void(storage::write_batch&)>& what,
             durability how = durability::synced) {
    storage::write_batch batch;
    what(batch);
    auto disk = storage::open_memory_store(nodes.disk(1));
    CAF_REQUIRE(disk->write(batch, how).has_value());
  }
  void keeps(const consensus::record& r, durability how = durability::synced) {
    write([&](auto& batch) { append(batch, r); }, how);
  }
  void keeps_report(durability how = durability::synced) {
    auto source = sign_report(report, replica_key(2), cluster_id());
    write([&](auto& batch) { append(batch, *source); }, how);
  }
  pre_prepare proposal() const {
    return {first, sign(0, purpose::pre_prepare, signed_bytes(first)).signature, block};
  }
  prepare own_prepare() const {
    return {first, sign(1, purpose::prepare, signed_bytes(first))};
  }
  commit own_commit() const {
    return {first, sign(1, purpose::commit, signed_bytes(first))};
  }
  prepared_certificate certificate() const {
    auto what = signed_bytes(first);
    return {first,
            proposal().signature,
            {sign(1, purpose::prepare, what), sign(2, purpose::prepare, what)}};
  }
  /// Whether it may say that.
  bool may_say(const peer_message& m) {
    votes.said(1, m);
    bool good = out.empty();
    out = {};
    return good;
  }
};

} // namespace

CAF_TEST(a prepare rests on vote and proposal and reports) {
  fixture f;
  CAF_CHECK(!f.may_say(f.own_prepare()));
  f.keeps(consensus::vote_record{consensus::vote_kind::prepare, f.first});
  CAF_CHECK(!f.may_say(f.own_prepare()));
  f.keeps(consensus::proposal_record{f.proposal()});
  CAF_CHECK(!f.may_say(f.own_prepare()));
  f.keeps_report(durability::buffered);
  CAF_CHECK(!f.may_say(f.own_prepare()));
  f.write([](auto&) {}); // which syncs
  CAF_CHECK(f.may_say(f.own_prepare()));
}

CAF_TEST(a commit rests on its certificate) {
  fixture f;
  f.keeps(consensus::vote_record{consensus::vote_kind::commit, f.first});
  CAF_CHECK(!f.may_say(f.own_commit()));
  f.keeps(consensus::prepared_record{f.certificate()}, durability::buffered);
  CAF_CHECK(!f.may_say(f.own_commit()));
  f.keeps(consensus::prepared_record{f.certificate()});
  CAF_CHECK(f.may_say(f.own_commit()));
}

CAF_TEST(a view change rests on its view and a new view on itself) {
  fixture f;
  view_change_content c;
  c.view = view_number{1};
  view_change change;
  change.body = encode(c);
  change.by = f.sign(1, purpose::view_change, hash(change.body).view());
  CAF_CHECK(!f.may_say(change));
  f.keeps(consensus::view_record{view_number{1}}, durability::buffered);
  CAF_CHECK(!f.may_say(change));
  f.keeps(consensus::view_record{view_number{1}});
  CAF_CHECK(f.may_say(change));
  new_view begins;
  begins.body = encode(new_view_content{view_number{1}, {change}, {}});
  begins.by = f.sign(1, purpose::new_view, hash(begins.body).view());
  CAF_CHECK(!f.may_say(begins));
  f.keeps(consensus::new_view_record{begins});
  CAF_CHECK(f.may_say(begins));
  // Two in one write: the later one is what a restart needs.
  auto later = begins;
  later.body = encode(new_view_content{view_number{2}, {change}, {}});
  CAF_CHECK(!f.may_say(later));
  f.keeps(consensus::new_view_record{later});
  CAF_CHECK(f.may_say(begins));
  // Another of the same view is none.
  f.keeps(
      consensus::new_view_record{{encode(new_view_content{view_number{1}, {}, {}}), begins.by}});
  CAF_CHECK(!f.may_say(begins));
}

CAF_TEST(a checkpoint rests on its pages) {
  fixture f;
  storage::stored_checkpoint own;
  own.sequence = sequence_number{8};
  own.chain = hash("a chain");
  market::page_update page{market::page_key::unpack(1ull << 61), "a page"};
  market::page_tree tree;
  tree.apply({page});
  own.state = market::state_digest(own.sequence, own.chain, tree.root());
  checkpoint m;
  m.what = {own.sequence, own.state};
  m.by = f.sign(1, purpose::checkpoint, signed_bytes(m.what));
  CAF_CHECK(!f.may_say(m));
  f.write([&](auto& batch) { append(batch, own, {page}); });
  CAF_CHECK(f.may_say(m));
  // Another page than was signed.
  fixture g;
  g.write([&](auto& batch) { append(batch, own, {{page.key, "another"}}); });
  CAF_CHECK(!g.may_say(m));
}

CAF_TEST(what was said before a disk was lost is not asked of the new one) {
  fixture f;
  f.keeps(consensus::vote_record{consensus::vote_kind::prepare, f.first});
  f.keeps(consensus::proposal_record{f.proposal()});
  f.keeps_report();
  CAF_CHECK(f.may_say(f.own_prepare()));
  f.votes.crashed(1);
  CAF_CHECK(f.out.empty());
  f.nodes.wipe(1);
  f.votes.wiped(1);
  f.votes.crashed(1);
  CAF_CHECK(f.out.empty());
  // But what it says from then on is.
  CAF_CHECK(!f.may_say(f.own_prepare()));
  f.votes.crashed(1);
  CAF_CHECK(!f.out.empty());
}
