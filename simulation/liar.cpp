#include "simulation/liar.hpp"

#include <algorithm>

#include "messages/block.hpp"

namespace bourse::simulation {

namespace {

constexpr std::size_t most_statements = 64;
constexpr std::size_t most_messages = 256;
constexpr std::size_t most_bodies = 64;
constexpr std::size_t most_heads = 64;
/// In a report that is looked at.
constexpr std::uint32_t most_stamps = 4096;
constexpr std::size_t most_blocks = 128;
constexpr std::size_t most_changes = 32; ///< of a view
constexpr std::size_t most_views = 6;
/// So far below the newest a slot is forgotten.
constexpr std::uint64_t memory = 256;

struct sorter {
  template <class Message>
  channel operator()(const Message&) const {
    if constexpr (std::is_same_v<Message, fetch_bodies> || std::is_same_v<Message, bodies>)
      return channel::bodies;
    else if constexpr (
        std::is_same_v<
            Message,
            wish> || std::is_same_v<Message, view_change> || std::is_same_v<Message, new_view>)
      return channel::view;
    else if constexpr (
        std::is_same_v<
            Message, fetch_state> || std::is_same_v<Message, state_offer> || std::is_same_v<Message, fetch_state_nodes> || std::is_same_v<Message, state_nodes> || std::is_same_v<Message, fetch_state_pages> || std::is_same_v<Message, state_pages> || std::is_same_v<Message, pruned> || std::is_same_v<Message, standing>)
      return channel::state;
    else if constexpr (std::is_same_v<Message,
                                      stamp_reports> || std::is_same_v<Message, fetch_reports>)
      return channel::stamps;
    else
      return channel::consensus;
  }
};

template <class Map>
void trim(Map& all, sequence_number newest) {
  if (all.size() > most_blocks)
    std::erase_if(all, [&](const auto& entry) {
      return entry.first.sequence.value() + memory < newest.value()
             || entry.first.sequence.value() > newest.value() + memory;
    });
}

void add_to(std::vector<replica_signature>& all, const replica_signature& by) {
  if (std::ranges::none_of(all, [&](const auto& s) { return s.replica == by.replica; }))
    all.push_back(by);
}

template <class T>
void keep_in_ring(std::vector<T>& ring, std::size_t& next, std::size_t most, const T& what) {
  if (ring.size() < most)
    ring.push_back(what);
  else
    ring[next++ % most] = what;
}

} // namespace

channel channel_of(const peer_message& m) {
  return std::visit(sorter{}, m);
}

digest random_digest(random_source& random) {
  digest d;
  for (auto& x : d.data)
    x = static_cast<std::uint8_t>(random.next());
  return d;
}

signature random_signature(random_source& random) {
  signature s;
  for (auto& x : s.data)
    x = static_cast<std::uint8_t>(random.next());
  return s;
}

// -- what is seen --------------------------------------------------------------------------------

void hoard::note(const statement& what) {
  if (std::ranges::find(statements, what) == statements.end())
    statements.push_back(what);
  if (statements.size() > most_statements)
    statements.pop_front();
  sequence = std::max(sequence, what.sequence);
  view = std::max(view, what.view);
}

void hoard::see(const stable_checkpoint& c) {
  if (c.what.sequence > stable.what.sequence)
    stable = c;
}

void hoard::see(const peer_message& m) {
  keep_in_ring(messages, next_message_, most_messages, m);
  if (const auto* p = std::get_if<pre_prepare>(&m)) {
    note(p->what);
    if (p->signature != messages::signature{})
      proposals[p->what] = p->signature;
    if (p->block && hash(*p->block) == p->what.digest) {
      if (blocks.size() > most_blocks)
        blocks.clear();
      blocks[p->what.digest] = p->block;
      if (auto b = decode_block(*p->block))
        for (const auto& h : b->heads)
          keep_in_ring(heads, next_head_, most_heads, h);
    }
  } else if (const auto* v = std::get_if<prepare>(&m)) {
    note(v->what);
    add_to(prepares[v->what], v->by);
  } else if (const auto* v = std::get_if<commit>(&m)) {
    note(v->what);
    add_to(commits[v->what], v->by);
  } else if (const auto* c = std::get_if<view_change>(&m)) {
    if (auto content = decode_view_change_content(c->body, {})) {
      see(content->stable);
      auto& all = changes[content->view];
      if (all.size() < most_changes && std::ranges::find(all, *c) == all.end())
        all.push_back(*c);
      if (changes.size() > most_views)
        changes.erase(changes.begin());
    }
  } else if (const auto* r = std::get_if<stamp_reports>(&m)) {
    for (const auto& one : r->reports)
      if (auto content = decode_stamp_report(one.body, most_stamps))
        for (const auto& x : content->stamps)
          keep_in_ring(bodies, next_body_, most_bodies, x.body);
  } else if (const auto* s = std::get_if<standing>(&m)) {
    see(s->stable);
  } else if (const auto* o = std::get_if<state_offer>(&m)) {
    see(o->stable);
  } else if (const auto* w = std::get_if<progress>(&m)) {
    view = std::max(view, w->view);
  }
  trim(prepares, sequence);
  trim(commits, sequence);
  trim(proposals, sequence);
}

// -- a liar --------------------------------------------------------------------------------------

liar::liar(cluster& c, std::size_t self, hoard& seen, std::uint64_t seed)
    : cluster_(c),
      self_(self),
      seen_(seen),
      random_(seed),
      auth_(replica_key(self), keys_of(c.genesis()), c.genesis().cluster()),
      faces_(random_.next()) {
  options_.self = id();
  options_.size = size();
  options_.cluster = c.genesis().cluster();
  options_.window = c.genesis().window;
  options_.checkpoint_interval = c.genesis().checkpoint_interval;
}

view_change liar::sign(const view_change_content& c) const {
  view_change m;
  m.body = encode(c);
  m.by = {id(), auth_.sign(purpose::view_change, hash(m.body).view())};
  return m;
}

new_view liar::sign(const new_view_content& c) const {
  new_view m;
  m.body = encode(c);
  m.by = {id(), auth_.sign(purpose::new_view, hash(m.body).view())};
  return m;
}

pre_prepare liar::propose(view_number v, sequence_number n, const shared_bytes& block) const {
  pre_prepare p;
  p.what = {v, n, hash(*block)};
  p.signature = auth_.sign(purpose::pre_prepare, signed_bytes(p.what));
  p.block = block;
  return p;
}

statement liar::other(const statement& what) {
  auto& all = seen_.others;
  auto key = std::pair{what.view, what.sequence};
  auto found = all.find(key);
  if (found == all.end()) {
    if (all.size() > 2 * memory)
      all.erase(all.begin());
    // Perhaps somebody has proposed one.
    auto another = std::ranges::find_if(seen_.statements, [&](const statement& s) {
      return s.view == what.view && s.sequence == what.sequence && s.digest != what.digest;
    });
    auto digest
        = another != seen_.statements.end() ? another->digest : hasher{}.add(what.digest).finish();
    found = all.emplace(key, statement{what.view, what.sequence, digest}).first;
  }
  return found->second;
}

void liar::say(std::size_t to, const peer_message& m, std::uint64_t delay_us) {
  if (cluster_.up(self_))
    cluster_.post(self_, to, channel_of(m), std::make_shared<const bytes>(encode(m)), delay_us);
}

void liar::say_all(const peer_message& m) {
  for (std::size_t to = 0; to < cluster_.size(); ++to)
    if (to != self_)
      say(to, m);
}

} // namespace bourse::simulation
