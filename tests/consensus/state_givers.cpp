#include "tests/consensus/state_givers.hpp"

namespace bourse::test {

page_map sample_pages(std::uint64_t seed, std::size_t count, std::size_t size) {
  messages::splitmix64 random{seed};
  page_map out;
  while (out.size() < count) {
    auto kind = 1 + random.below(4);
    auto key = kind << 61 | random.below(3) << 45 | random.below(10 * count) << 4 * random.below(4);
    out[key] = std::to_string(random.next()) + bytes(size, 'x');
  }
  return out;
}

state_tree tree_of(const page_map& pages) {
  state_tree out;
  for (const auto& [key, content] : pages)
    out.set(key, content);
  out.root();
  return out;
}

state_offer make_offer(const page_map& pages, std::uint64_t n) {
  state_offer out;
  out.chain = hash("the log up to " + std::to_string(n));
  out.pages = tree_of(pages).root();
  auto& stable = out.stable;
  stable.what = {sequence_number{n}, state_digest(sequence_number{n}, out.chain, out.pages)};
  for (std::uint16_t i = 1; i < 4; ++i) {
    stand_in auth{replica(i)};
    stable.proof.push_back({replica(i), auth.sign(purpose::checkpoint, signed_bytes(stable.what))});
  }
  return out;
}

fetch_world::fetch_world(page_map what) : fetch(options, auth) {
  give(std::move(what), 1000);
}

void fetch_world::give(page_map what, std::uint64_t n) {
  pages = std::move(what);
  offer = make_offer(pages, n);
  tree = tree_of(pages);
}

void fetch_world::give(std::uint16_t who, page_map what, std::uint64_t n) {
  own[who] = given{what, make_offer(what, n), tree_of(what)};
}

void fetch_world::restart() {
  fetch = state_fetch{options, auth};
  network_ = {};
  unwritten = 0;
  done_ = false;
}

// -- those who give -------------------------------------------------------------------------------

void fetch_world::hear(std::uint16_t who, const peer_message& m) {
  auto lies_by = lies[who];
  if (lies_by == lie::mute)
    return;
  const auto& offered = own[who] ? own[who]->offer : offer;
  const auto& from = own[who] ? own[who]->tree : tree;
  const auto& content = own[who] ? own[who]->pages : pages;
  auto target = [&](sequence_number n) {
    return n == offered.stable.what.sequence && lies_by != lie::not_there;
  };
  if (std::get_if<fetch_state>(&m))
    return answer(who, offered, offers_after_ms[who]);
  ++asked[who];
  if (lies_by == lie::no_answer)
    return;
  auto late = lies_by == lie::drip || lies_by == lie::slow;
  auto after_ms = late ? options.answer_ms - 100 : 1;
  auto keep = [&](std::size_t n, lie also = lie::half_an_answer) {
    return lies_by == lie::half_an_answer || lies_by == also ? std::max<std::size_t>(n / 2, 1)
           : lies_by == lie::drip                            ? 1
                                                             : n;
  };
  if (auto* q = std::get_if<fetch_state_nodes>(&m)) {
    state_nodes a{q->id, {}};
    for (auto path : q->paths)
      if (target(q->target) && a.nodes.size() < keep(q->paths.size()))
        a.nodes.push_back({path, from.children(path)});
    if (lies_by == lie::wrong_node && !a.nodes.empty())
      a.nodes.back().children.front().value = hash("wrong");
    return answer(who, a, after_ms);
  }
  if (auto* q = std::get_if<fetch_state_pages>(&m)) {
    state_pages a{q->id, {}};
    for (auto key : q->keys)
      if (target(q->target) && a.pages.size() < keep(q->keys.size(), lie::half_the_pages))
        a.pages.push_back({key, content.at(key)});
    if (lies_by == lie::wrong_page && !a.pages.empty())
      a.pages.back().content += '!';
    if (lies_by == lie::other_page)
      a.pages.push_back({~std::uint64_t{0}, "never asked for"});
    return answer(who, a, after_ms);
  }
}

void fetch_world::answer(std::uint16_t who, peer_message m, std::uint64_t after_ms) {
  network_.push({now + after_ms * ns_per_ms, ++sent_, who, false, std::move(m)});
}

// -- who fetches ----------------------------------------------------------------------------------

void fetch_world::carry_out() {
  for (auto e = fetch.take_effects(); !e.empty(); e = fetch.take_effects()) {
    for (auto& s : e.sends)
      for (std::uint16_t i = 1; i < 4; ++i)
        if (!s.to || s.to->value() == i)
          network_.push({now + ns_per_ms, ++sent_, i, true, s.what});
    if (e.chosen) {
      for (auto& [key, content] : staged)
        here[key] = content;
      staged.clear();
      unwritten = 0;
      fetch.on_local(now, tree_of(here));
    }
    for (auto path : e.same)
      for (auto i = here.lower_bound(path.key); i != here.end() && i->first <= path.last(); ++i)
        staged.insert(*i);
    for (auto& page : e.pages) {
      unwritten += page.content.size();
      fetched.insert(page.key);
      staged[page.key] = page.content;
    }
    if (e.done)
      done_ = true;
  }
  if (disk_writes && unwritten > 0) {
    fetch.on_staged(now, std::exchange(unwritten, 0));
    carry_out();
  }
}

bool fetch_world::run(std::uint64_t ms, const std::function<bool()>& until) {
  auto end = now + ms * ns_per_ms;
  auto over = [&] {
    return until ? until() : done_;
  };
  carry_out();
  for (; now < end && !over(); now += ns_per_ms) {
    while (!network_.empty() && network_.top().ns <= now && !over()) {
      auto d = network_.top();
      network_.pop();
      if (d.to_giver)
        hear(d.with, d.what);
      else
        fetch.on_message(now, replica(d.with), d.what);
      carry_out();
    }
    if (now - ticked_ns_ >= 50 * ns_per_ms) {
      ticked_ns_ = now;
      fetch.on_tick(now);
      carry_out();
    }
  }
  return over();
}

} // namespace bourse::test
