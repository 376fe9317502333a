#define CAF_SUITE client
#include "tests/actor_suite.hpp"

#include "actors/client.hpp"
#include "config/sample_market.hpp"
#include "messages/batch.hpp"

#include <nlohmann/json.hpp>

using namespace bourse::actors;
using namespace std::chrono_literals;

namespace {

key_pair key_of(std::uint8_t n) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = n;
  return key_pair::from_seed(seed);
}

/// Four replicas that execute what comes at once, each by itself, behind links in memory.
class replicas {
public:
  explicit replicas(caf::actor_system& system) : system_(system) {
    for (std::uint16_t r = 0; r < all.size(); ++r)
      all[r].next.assign(max_streams, submission_number{1});
  }

  struct replica {
    bool down = false;
    bool wrong = false; ///< changes every report
    std::size_t dials = 0;
    std::size_t shuts = 0;
    std::vector<client_message> heard;
    std::vector<submission_number> next;
    std::uint64_t reports = 0;
    std::uint64_t blocks = 0;
    link_actor link;
    client_actor client;
  };
  std::array<replica, 4> all;

  client_dialler dialler() {
    return [this](replica_id r, const client_actor& client) {
      dial(r, client);
    };
  }

  void say(std::uint16_t r, const gateway_message& m) {
    bytes frame;
    append_message(frame, channel::client, encode(m));
    say_raw(r, std::move(frame));
  }
  void say_raw(std::uint16_t r, bytes frame) {
    caf::anon_send(all[r].client, frame_atom::value, replica_id{r},
                   std::make_shared<const bytes>(std::move(frame)));
  }
  /// The link breaks.
  void cut(std::uint16_t r) {
    caf::anon_send(all[r].client, unlinked_atom::value, replica_id{r}, all[r].link);
    caf::anon_send_exit(all[r].link, caf::exit_reason::user_shutdown);
    all[r].link = nullptr;
  }
  /// Handles would keep the actors alive.
  void forget() {
    for (auto& r : all) {
      r.link = nullptr;
      r.client = nullptr;
    }
  }
  template <class Message>
  std::size_t heard(std::uint16_t r) const {
    return static_cast<std::size_t>(
        std::count_if(all[r].heard.begin(), all[r].heard.end(),
                      [](auto& m) { return std::holds_alternative<Message>(m); }));
  }

private:
  void dial(replica_id who, const client_actor& client) {
    auto r = who.value();
    auto& me = all[r];
    ++me.dials;
    if (me.down) {
      caf::anon_send(client, unlinked_atom::value, who, link_actor{});
      return;
    }
    me.client = client;
    me.link = system_.spawn([this, r](link_actor::pointer self) -> link_actor::behavior_type {
      return {
          [this, r](send_atom, channel, const shared_bytes& m) {
            auto decoded = decode_client_message(*m, {});
            CAF_REQUIRE(decoded);
            all[r].heard.push_back(*decoded);
            std::visit([&](auto& x) { serve(r, x); }, *decoded);
          },
          [this, r, self](shut_atom) {
            ++all[r].shuts;
            self->quit();
          },
      };
    });
    caf::anon_send(client, linked_atom::value, who, me.link);
    say(r, welcome{who, {}, me.next, report_number{me.reports + 1}});
  }

  void serve(std::uint16_t r, submit& m) {
    auto& me = all[r];
    for (auto& s : m.submissions) {
      auto content = decode_submission(s.body, {});
      CAF_REQUIRE(content);
      auto& next = me.next[content->stream.value()];
      if (content->number != next)
        continue;
      next = next.next();
      results out;
      out.what.sequence = sequence_number{++me.blocks};
      out.reports = {content->client,
                     report_number{me.reports + 1},
                     static_cast<std::uint32_t>(content->requests.size()),
                     {}};
      for (std::size_t i = 0; i < content->requests.size(); ++i) {
        report one;
        one.number = report_number{++me.reports};
        one.client = content->client;
        one.kind = report_kind::accepted;
        one.stream = content->stream;
        one.submission = content->number;
        one.index = static_cast<std::uint16_t>(i);
        one.client_order = std::get<place>(content->requests[i]).client_order;
        one.account = account_id{me.wrong ? 7U : 0U};
        append_report(out.reports.encoded, one);
      }
      out.next = me.next;
      say(r, std::move(out));
    }
  }
  void serve(std::uint16_t, resume&) {}
  void serve(std::uint16_t r, query& q) {
    answer a;
    a.id = q.id;
    a.at = sequence_number{all[r].blocks};
    a.body = "answer";
    say(r, std::move(a));
  }

  caf::actor_system& system_;
};

struct fixture : test_coordinator_fixture<> {
  replicas cluster{sys};
  client_actor client;

  fixture() {
    client_options o;
    o.genesis.replicas.resize(4);
    o.genesis.market = bourse::config::sample_market();
    auto key = std::make_shared<const key_pair>(key_of(1));
    o.genesis.market.clients[0].key = key->identity();
    o.key = key;
    o.dial = cluster.dialler();
    client = *attach(sys, std::move(o));
  }
  ~fixture() {
    if (client)
      anon_send(client, shut_atom::value);
    consume_messages();
    client = nullptr;
    cluster.forget();
  }

  place order(std::uint64_t name) {
    place p;
    p.client_order = client_order_id{name};
    p.price = price{1};
    p.quantity = quantity{1};
    return p;
  }

  /// Lets time pass in steps, so that every timer fires when it is due.
  void pass(std::chrono::milliseconds time) {
    for (auto t = 0ms; t < time; t += 50ms) {
      advance_time(50ms);
      consume_messages();
    }
  }

  template <class... Words>
  placed_ptr place_now(std::uint8_t stream, const Words&... words) {
    auto asked
        = self->request(client, caf::infinite, place_atom::value, stream_id{stream}, words...);
    consume_messages();
    placed_ptr result;
    asked.receive([&](const placed_ptr& p) { result = p; },
                  [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }

  nlohmann::json status() {
    auto asked = self->request(client, caf::infinite, status_atom::value);
    consume_messages();
    nlohmann::json result;
    asked.receive([&](const std::string& text) { result = nlohmann::json::parse(text); },
                  [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(client_tests, fixture)

CAF_TEST(a placement is answered with its reports) {
  auto result = place_now(2, requests({order(5), order(6)}));
  CAF_CHECK(!result->problem);
  CAF_REQUIRE_EQUAL(result->reports.size(), 2u);
  CAF_CHECK_EQUAL(result->reports[1].client_order.value(), 6u);
  CAF_CHECK_EQUAL(result->about[1], 1u);
  CAF_CHECK_EQUAL(result->number.value(), 1u);
  for (std::uint16_t r = 0; r < 4; ++r)
    CAF_CHECK_EQUAL(cluster.heard<submit>(r), 1u);
}

CAF_TEST(bad requests are answered at once) {
  CAF_CHECK(place_now(16, requests({order(1)}))->problem->code == errc::malformed);
  CAF_CHECK(place_now(0, requests({}))->problem->code == errc::malformed);
  CAF_CHECK(place_now(0, requests_ptr{})->problem->code == errc::malformed);
  CAF_CHECK(place_now(0, presigned_ptr{})->problem->code == errc::malformed);
}

CAF_TEST(presigned submissions are sent as they are) {
  submission s;
  s.stream = stream_id{1};
  s.number = submission_number{1};
  s.requests = {order(9)};
  auto mine = sign(s, key_of(1), {});
  CAF_CHECK(!place_now(1, presigned({mine}))->problem);
  auto& heard = cluster.all[0].heard.back();
  CAF_CHECK(std::get<submit>(heard).submissions.front() == mine);
}

CAF_TEST(subscribers are told every report once and in order) {
  auto seen = std::make_shared<std::vector<std::uint64_t>>();
  auto sink = sys.spawn([seen](report_sink::pointer) -> report_sink::behavior_type {
    return {[seen](reports_atom, const report_batch_ptr& batch) {
      for (auto& r : batch->reports)
        seen->push_back(r.number.value());
    }};
  });
  anon_send(client, watch_atom::value, sink);
  consume_messages();
  place_now(0, requests({order(1), order(2)}));
  place_now(1, requests({order(3)}));
  CAF_CHECK((*seen == std::vector<std::uint64_t>{1, 2, 3}));
  anon_send_exit(sink, caf::exit_reason::kill);
  sink = nullptr;
  consume_messages();
  place_now(1, requests({order(4)})); // it is forgotten
  CAF_CHECK_EQUAL(seen->size(), 3u);
}

CAF_TEST(a lying replica shows in the status) {
  cluster.all[3].wrong = true;
  for (std::uint64_t n = 1; n <= 3; ++n)
    CAF_CHECK(!place_now(0, requests({order(n)}))->problem);
  auto s = status();
  CAF_CHECK_EQUAL(s["links"][3]["faults"].get<int>(), 3);
  CAF_CHECK_EQUAL(s["links"][0]["faults"].get<int>(), 0);
  CAF_CHECK_EQUAL(s["reports"].get<int>(), 3);
}

CAF_TEST(questions are answered) {
  question q;
  q.kind = query_kind::book;
  auto asked = self->request(client, caf::infinite, ask_atom::value, q);
  consume_messages();
  asked.receive([&](const question_answer_ptr& a) { CAF_CHECK_EQUAL(a->body, "answer"); },
                [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
}

CAF_TEST(positions are told once they are known) {
  consume_messages();
  place_now(4, requests({order(1)}));
  auto asked = self->request(client, caf::infinite, start_atom::value);
  consume_messages();
  asked.receive(
      [&](const stream_positions_ptr& p) {
        CAF_CHECK_EQUAL(p->next[4].value(), 2u);
        CAF_CHECK_EQUAL(p->next[0].value(), 1u);
        CAF_CHECK_EQUAL(p->next_report.value(), 2u);
      },
      [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
}

CAF_TEST(a link that breaks is dialled again with growing pauses) {
  consume_messages();
  auto& lost = cluster.all[1];
  CAF_CHECK_EQUAL(lost.dials, 1u);
  lost.down = true;
  cluster.cut(1);
  pass(10s);
  // After 0.1, 0.2, 0.4, 0.8 and then every 1.0 s.
  CAF_CHECK(lost.dials >= 10 && lost.dials <= 14);
  CAF_CHECK(!place_now(0, requests({order(1)}))->problem); // three are enough
  lost.down = false;
  pass(2s);
  CAF_CHECK_EQUAL(status()["links"][1]["up"].get<bool>(), true);
  CAF_CHECK(std::holds_alternative<resume>(lost.heard.back()));
  CAF_CHECK_EQUAL(std::get<resume>(lost.heard.back()).from.value(), 2u);
}

CAF_TEST(what is placed while nobody is there goes out later) {
  consume_messages();
  for (std::uint16_t r = 0; r < 4; ++r) {
    cluster.all[r].down = true;
    cluster.cut(r);
  }
  consume_messages();
  auto asked
      = self->request(client, caf::infinite, place_atom::value, stream_id{0}, requests({order(1)}));
  pass(3s);
  CAF_CHECK_EQUAL(cluster.all[0].blocks, 0u);
  for (auto& r : cluster.all)
    r.down = false;
  pass(2s);
  asked.receive([&](const placed_ptr& p) { CAF_CHECK(!p->problem); },
                [&](caf::error& e) { CAF_FAIL(sys.render(e)); });
}

CAF_TEST(nonsense from a replica is counted and does no harm) {
  consume_messages();
  cluster.say_raw(2, "no frame");
  bytes frame;
  append_message(frame, channel::client, "no message");
  append_message(frame, channel::consensus, "not for clients");
  cluster.say_raw(2, frame);
  anon_send(client, frame_atom::value, replica_id{99}, std::make_shared<const bytes>(frame));
  anon_send(client, linked_atom::value, replica_id{99}, link_actor{});
  anon_send(client, unlinked_atom::value, replica_id{99}, link_actor{});
  CAF_CHECK(!place_now(0, requests({order(1)}))->problem);
  CAF_CHECK_EQUAL(status()["malformed"].get<int>(), 2);
}

CAF_TEST(the end of the client shuts its links) {
  consume_messages();
  anon_send(client, shut_atom::value);
  consume_messages();
  client = nullptr;
  for (auto& r : cluster.all)
    CAF_CHECK_EQUAL(r.shuts, 1u);
}

CAF_TEST(a key that the genesis file does not name attaches nobody) {
  client_options o;
  o.genesis.market = bourse::config::sample_market();
  o.key = std::make_shared<const key_pair>(key_of(99));
  auto none = attach(sys, std::move(o));
  CAF_REQUIRE(!none);
  CAF_CHECK(none.error().code == errc::unknown_client);
}

CAF_TEST_FIXTURE_SCOPE_END()
