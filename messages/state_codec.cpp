// The messages that fetch a state, on the wire.
#include "messages/codec.hpp"
#include "messages/consensus.pb.h"

namespace bourse::messages::codec {

namespace {

constexpr std::size_t path_bytes = 1 + sizeof(std::uint64_t);
constexpr std::size_t child_bytes = 1 + digest::size;

void append(bytes& to, tree_path p) {
  to.push_back(static_cast<char>(p.level));
  for (int shift = 56; shift >= 0; shift -= 8)
    to.push_back(static_cast<char>(p.key >> shift));
}

/// Precondition: path_bytes of it. False unless it is the place of an inner node.
bool read_path(tree_path& to, byte_view from) {
  to.level = static_cast<std::uint8_t>(from[0]);
  to.key = 0;
  for (auto c : from.substr(1, path_bytes - 1))
    to.key = to.key << 8 | static_cast<std::uint8_t>(c);
  return to.valid() && !to.leaf();
}

bool read_paths(std::vector<tree_path>& to, byte_view from, std::size_t most) {
  if (from.size() % path_bytes != 0 || from.size() / path_bytes > most)
    return false;
  for (; !from.empty(); from.remove_prefix(path_bytes))
    if (!read_path(to.emplace_back(), from))
      return false;
  return true;
}

bool read_node(state_node& to, const wire::StateNode& from) {
  byte_view children = from.children();
  if (from.path().size() != path_bytes || !read_path(to.path, from.path())
      || children.size() % child_bytes != 0 || children.size() / child_bytes > 256)
    return false;
  for (; !children.empty(); children.remove_prefix(child_bytes)) {
    tree_child c{static_cast<std::uint8_t>(children[0]), {}};
    c.value.assign(children.substr(1, digest::size));
    if (!to.children.empty() && c.byte <= to.children.back().byte)
      return false;
    to.children.push_back(c);
  }
  return true;
}

bool read_offer(state_offer& to, const wire::StateOffer& from, std::size_t max_replicas) {
  return read(to.stable, from.stable(), max_replicas) && to.chain.assign(from.chain())
         && to.pages.assign(from.pages());
}

bool take(fetch_state_nodes& to, const wire::FetchStateNodes& from, std::size_t most) {
  to.id = from.id();
  to.target = sequence_number{from.target()};
  return read_paths(to.paths, from.paths(), most);
}

bool take(state_nodes& to, const wire::StateNodes& from) {
  to.id = from.id();
  for (const auto& node : from.nodes())
    if (!read_node(to.nodes.emplace_back(), node))
      return false;
  return true;
}

bool take(fetch_state_pages& to, const wire::FetchStatePages& from, std::size_t most) {
  to.id = from.id();
  to.target = sequence_number{from.target()};
  to.keys.assign(from.keys().begin(), from.keys().end());
  return to.keys.size() <= most;
}

void take(state_pages& to, wire::StatePages& from) {
  to.id = from.id();
  for (auto& page : *from.mutable_pages())
    to.pages.push_back({page.key(), std::move(*page.mutable_content())});
}

bool take(standing& to, const wire::Standing& from, std::size_t max_replicas) {
  to.silent = from.silent();
  to.founded_with = from.founded_with();
  to.wants_answer = from.wants_answer();
  return read(to.stable, from.stable(), max_replicas);
}

} // namespace

void write(const fetch_state& from, wire::PeerMessage& to) {
  to.mutable_fetch_state()->set_above(from.above.value());
}

void write(const state_offer& from, wire::PeerMessage& to) {
  auto& out = *to.mutable_state_offer();
  write(from.stable, *out.mutable_stable());
  out.mutable_chain()->assign(from.chain.view());
  out.mutable_pages()->assign(from.pages.view());
}

void write(const fetch_state_nodes& from, wire::PeerMessage& to) {
  auto& out = *to.mutable_fetch_state_nodes();
  out.set_id(from.id);
  out.set_target(from.target.value());
  for (const auto& p : from.paths)
    append(*out.mutable_paths(), p);
}

void write(const state_nodes& from, wire::PeerMessage& to) {
  auto& out = *to.mutable_state_nodes();
  out.set_id(from.id);
  for (const auto& node : from.nodes) {
    auto& n = *out.add_nodes();
    append(*n.mutable_path(), node.path);
    for (const auto& c : node.children) {
      n.mutable_children()->push_back(static_cast<char>(c.byte));
      n.mutable_children()->append(c.value.view());
    }
  }
}

void write(const fetch_state_pages& from, wire::PeerMessage& to) {
  auto& out = *to.mutable_fetch_state_pages();
  out.set_id(from.id);
  out.set_target(from.target.value());
  for (auto key : from.keys)
    out.add_keys(key);
}

void write(const state_pages& from, wire::PeerMessage& to) {
  auto& out = *to.mutable_state_pages();
  out.set_id(from.id);
  for (const auto& page : from.pages) {
    auto& p = *out.add_pages();
    p.set_key(page.key);
    p.set_content(page.content);
  }
}

void write(const pruned& from, wire::PeerMessage& to) {
  to.mutable_pruned()->set_first(from.first.value());
}

void write(const standing& from, wire::PeerMessage& to) {
  auto& out = *to.mutable_standing();
  write(from.stable, *out.mutable_stable());
  out.set_silent(from.silent);
  out.set_founded_with(from.founded_with);
  out.set_wants_answer(from.wants_answer);
}

bool state_lists_are_bounded(byte_view encoded, const peer_limits& limits) {
  using peer = wire::PeerMessage;
  auto count = [&](std::initializer_list<int> path) {
    return count_field(encoded, path).count;
  };
  return count({peer::kStateNodesFieldNumber, wire::StateNodes::kNodesFieldNumber})
             <= limits.max_state_parts
         && count({peer::kStatePagesFieldNumber, wire::StatePages::kPagesFieldNumber})
                <= limits.max_state_parts
         && count({peer::kStateOfferFieldNumber, wire::StateOffer::kStableFieldNumber,
                   wire::StableCheckpoint::kProofFieldNumber})
                <= limits.max_replicas
         && count({peer::kStandingFieldNumber, wire::Standing::kStableFieldNumber,
                   wire::StableCheckpoint::kProofFieldNumber})
                <= limits.max_replicas;
}

expected<peer_message> take_state_message(wire::PeerMessage& from, const peer_limits& limits) {
  auto finish = [](bool ok, peer_message m) -> expected<peer_message> {
    if (!ok)
      return fail(errc::malformed, "peer message: field out of range");
    return m;
  };
  switch (from.kind_case()) {
    case wire::PeerMessage::kFetchState:
      return fetch_state{sequence_number{from.fetch_state().above()}};
    case wire::PeerMessage::kStateOffer: {
      state_offer m;
      auto ok = read_offer(m, from.state_offer(), limits.max_replicas);
      return finish(ok, std::move(m));
    }
    case wire::PeerMessage::kFetchStateNodes: {
      fetch_state_nodes m;
      auto ok = take(m, from.fetch_state_nodes(), limits.max_state_parts);
      return finish(ok, std::move(m));
    }
    case wire::PeerMessage::kStateNodes: {
      state_nodes m;
      auto ok = take(m, from.state_nodes());
      return finish(ok, std::move(m));
    }
    case wire::PeerMessage::kFetchStatePages: {
      fetch_state_pages m;
      auto ok = take(m, from.fetch_state_pages(), limits.max_state_parts);
      return finish(ok, std::move(m));
    }
    case wire::PeerMessage::kStatePages: {
      state_pages m;
      take(m, *from.mutable_state_pages());
      return m;
    }
    case wire::PeerMessage::kPruned:
      return pruned{sequence_number{from.pruned().first()}};
    case wire::PeerMessage::kStanding: {
      standing m;
      auto ok = take(m, from.standing(), limits.max_replicas);
      return finish(ok, std::move(m));
    }
    default:
      return fail(errc::malformed, "peer message: unknown kind");
  }
}

} // namespace bourse::messages::codec
