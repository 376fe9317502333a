#include "tests/messages/generators.hpp"

#include <algorithm>

namespace bourse::messages {

namespace {

shared_bytes random_shared(splitmix64& random) {
  return std::make_shared<const bytes>(random_bytes(random, random.below(300)));
}

checkpoint_statement random_checkpoint_statement(splitmix64& random) {
  checkpoint_statement out;
  out.sequence = random_strong<sequence_number>(random);
  out.state = random_fixed<digest>(random);
  return out;
}

} // namespace

chain_head random_head(splitmix64& random) {
  return {random_strong<replica_id>(random), random_strong<report_index>(random),
          random_fixed<digest>(random)};
}

block random_block(splitmix64& random, std::size_t max_heads) {
  block out;
  out.cluster = random_fixed<digest>(random);
  out.sequence = sequence_number{1 + up_to(random, std::numeric_limits<std::uint64_t>::max() - 1)};
  out.heads = random_list(random, max_heads, random_head);
  std::sort(out.heads.begin(), out.heads.end());
  auto same = [](const chain_head& a, const chain_head& b) {
    return a.replica == b.replica;
  };
  out.heads.erase(std::unique(out.heads.begin(), out.heads.end(), same), out.heads.end());
  return out;
}

stamp_report random_stamp_report(splitmix64& random, std::size_t max_stamps) {
  stamp_report out;
  out.replica = random_strong<replica_id>(random);
  out.index = random_strong<report_index>(random).next();
  if (out.index.value() == 0)
    out.index = report_index{1};
  out.previous = random_fixed<digest>(random);
  // Half of the time lies before the first stamp at most, the rest is for those that follow.
  auto time = up_to(random, max_stamp_time.value() / 2);
  auto most = max_stamp_time.value() / 2 / (max_stamps + 1);
  out.stamps.resize(random.below(max_stamps + 1));
  for (auto& s : out.stamps) {
    s.about.client = random_strong<client_id>(random);
    s.about.stream = random_strong<stream_id>(random, max_streams - 1);
    s.about.number = submission_number{1 + up_to(random, ~std::uint64_t{1})};
    s.body = random_fixed<digest>(random);
    s.time = stamp_time{time};
    time += 1 + up_to(random, most - 1);
  }
  auto last = out.stamps.empty() ? 0 : out.stamps.back().time.value();
  out.boundary = stamp_time{last + up_to(random, max_stamp_time.value() - last)};
  return out;
}

signed_report random_signed_report(splitmix64& random) {
  return {encode(random_stamp_report(random, 5)), random_fixed<signature>(random)};
}

statement random_statement(splitmix64& random) {
  statement out;
  out.view = random_strong<view_number>(random);
  out.sequence = random_strong<sequence_number>(random);
  out.digest = random_fixed<digest>(random);
  return out;
}

replica_signature random_signature(splitmix64& random) {
  replica_signature out;
  out.replica = random_replica(random);
  out.signature = random_fixed<signature>(random);
  return out;
}

prepared_certificate random_prepared(splitmix64& random) {
  prepared_certificate out;
  out.what = random_statement(random);
  out.pre_prepare = random_fixed<signature>(random);
  out.prepares = random_list(random, 5, random_signature);
  return out;
}

commit_certificate random_commits(splitmix64& random) {
  commit_certificate out;
  out.what = random_statement(random);
  out.commits = random_list(random, 5, random_signature);
  return out;
}

stable_checkpoint random_stable(splitmix64& random) {
  stable_checkpoint out;
  out.what = random_checkpoint_statement(random);
  out.proof = random_list(random, 5, random_signature);
  return out;
}

equivocation random_equivocation(splitmix64& random) {
  equivocation out;
  out.first = random_statement(random);
  out.first_signature = random_fixed<signature>(random);
  out.second = random_statement(random);
  out.second_signature = random_fixed<signature>(random);
  return out;
}

view_change_content random_view_change_content(splitmix64& random) {
  view_change_content out;
  out.view = random_strong<view_number>(random);
  out.stable = random_stable(random);
  out.prepared = random_list(random, 5, random_prepared);
  return out;
}

namespace {

/// A view_change or a new_view. The body may be noise: whoever carries it does not look inside.
template <class Signed, class Content>
Signed random_signed(splitmix64& random, Content content) {
  Signed out;
  out.body = flip(random) ? encode(content(random)) : random_bytes(random, random.below(100));
  out.by = random_signature(random);
  return out;
}

view_change random_view_change(splitmix64& random) {
  return random_signed<view_change>(random, random_view_change_content);
}

} // namespace

new_view_content random_new_view_content(splitmix64& random) {
  new_view_content out;
  out.view = random_strong<view_number>(random);
  out.changes = random_list(random, 3, random_view_change);
  out.pre_prepares = random_list(random, 5, random_fixed<signature>);
  return out;
}

new_view random_new_view(splitmix64& random) {
  return random_signed<new_view>(random, random_new_view_content);
}

namespace {

tree_path random_path(splitmix64& random) {
  tree_path out;
  for (auto level = random.below(tree_path::depth); level > 0; --level)
    out = out.child(static_cast<std::uint8_t>(random.next()));
  return out;
}

state_node random_state_node(splitmix64& random) {
  state_node out;
  out.path = random_path(random);
  for (auto byte = random.below(8); byte < 256; byte += 1 + random.below(200))
    out.children.push_back({static_cast<std::uint8_t>(byte), random_fixed<digest>(random)});
  return out;
}

/// Those that fetch a state.
peer_message random_state_message(splitmix64& random) {
  switch (random.below(8)) {
    case 0:
      return fetch_state{random_strong<sequence_number>(random)};
    case 1:
      return state_offer{random_stable(random), random_fixed<digest>(random),
                         random_fixed<digest>(random)};
    case 2:
      return fetch_state_nodes{random.next(), random_strong<sequence_number>(random),
                               random_list(random, 10, random_path)};
    case 3:
      return state_nodes{random.next(), random_list(random, 5, random_state_node)};
    case 4:
      return fetch_state_pages{random.next(), random_strong<sequence_number>(random),
                               random_list(random, 10, [](splitmix64& r) { return r.next(); })};
    case 5:
      return state_pages{random.next(), random_list(random, 5, [](splitmix64& r) {
                           return state_page{r.next(), random_bytes(r, r.below(100))};
                         })};
    case 6:
      return pruned{random_strong<sequence_number>(random)};
    default:
      return standing{random_stable(random), random.next(), random.next(), flip(random)};
  }
}

} // namespace

peer_message random_peer_message(splitmix64& random) {
  static_assert(std::variant_size_v<peer_message> == 23);
  switch (random.below(16)) {
    case 0: {
      pre_prepare m;
      m.what = random_statement(random);
      m.signature = random_fixed<signature>(random);
      m.block = random_shared(random);
      return m;
    }
    case 1:
      return prepare{random_statement(random), random_signature(random)};
    case 2:
      return commit{random_statement(random), random_signature(random)};
    case 3:
      return checkpoint{random_checkpoint_statement(random), random_signature(random)};
    case 4:
      return progress{random_strong<view_number>(random), random_strong<sequence_number>(random),
                      random_strong<sequence_number>(random)};
    case 5:
      return fetch_blocks{random_strong<sequence_number>(random),
                          random_strong<sequence_number>(random)};
    case 6:
      return committed_block{random_commits(random), random_shared(random)};
    case 7:
      return fetch_proposal{random_statement(random)};
    case 8:
      return fetch_bodies{random_strong<sequence_number>(random), random_digests(random, 20)};
    case 9:
      return wish{random_strong<view_number>(random)};
    case 10:
      return random_view_change(random);
    case 11:
      return random_new_view(random);
    case 12:
      return random_state_message(random);
    case 13:
      return stamp_reports{random_list(random, 5, random_signed_report)};
    case 14:
      return fetch_reports{sequence_number{random.next()}, random_list(random, 20, random_head)};
    default:
      return bodies{random_list(random, 10, random_signed_submission)};
  }
}

} // namespace bourse::messages
