#define CAF_SUITE client_queries
#include "tests/suite.hpp"

#include "actors/client_queries.hpp"
#include "messages/merkle.hpp"

using namespace bourse::actors;

namespace {

std::array<std::uint8_t, 32> seed_of(std::uint8_t n) {
  std::array<std::uint8_t, 32> seed{};
  seed[0] = n;
  return seed;
}

/// Four replicas, of which a test says what each answers.
struct fixture {
  static constexpr std::uint16_t n = 4;
  digest cluster = hash("a cluster");
  std::vector<key_pair> keys;
  std::unique_ptr<client_queries> queries;
  local_time_ms now{1000};
  std::vector<std::pair<std::uint16_t, query>> asked;
  question_answer_ptr result;
  std::function<std::optional<answer>(std::uint16_t, const query&)> replica;

  fixture() {
    std::vector<public_key> identities;
    for (std::uint8_t i = 0; i < n; ++i) {
      keys.push_back(key_pair::from_seed(seed_of(i)));
      identities.push_back(keys.back().identity());
    }
    queries = std::make_unique<client_queries>(cluster_size{n}, cluster, identities);
    for (std::uint16_t r = 0; r < n; ++r)
      queries->linked(replica_id{r});
  }

  /// Questions reach the replicas and answers come back, at once.
  void exchange() {
    for (bool more = true; more;) {
      more = false;
      for (auto& out : queries->take_outgoing()) {
        auto q = std::get<query>(*decode_client_message(*out.message, {}));
        asked.emplace_back(out.to->value(), q);
        if (auto a = replica(out.to->value(), q)) {
          a->id = q.id;
          queries->receive(*out.to, std::move(*a), now);
          more = true;
        }
      }
      for (auto& f : queries->take_finished())
        result = f.result;
    }
  }

  /// True if it ended within the time.
  bool ask(const question& q) {
    asked.clear();
    result = nullptr;
    queries->ask(q, now);
    exchange();
    for (std::uint32_t ms = 0; !result && ms <= q.timeout_ms + 10; ms += 10) {
      now = local_time_ms{now.value() + 10};
      queries->tick(now);
      exchange();
    }
    return result != nullptr;
  }

  static answer say(std::uint64_t at, bytes body) {
    return {0, sequence_number{at}, std::nullopt, std::move(body)};
  }
  static answer no(errc why) {
    return {0, {}, error{why, {}}, {}};
  }
  std::string problem() const {
    return result->problem ? to_string(*result->problem) : "none";
  }
};

question book(trust how = trust::quorum) {
  question q;
  q.kind = query_kind::book;
  q.subject = 1;
  q.limit = 10;
  q.how = how;
  q.timeout_ms = 2000;
  return q;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(client_queries_tests, fixture)

CAF_TEST(f+1 equal answers are believed) {
  replica = [](std::uint16_t r, const query&) {
    return r == 0 ? say(7, "a lie") : say(7, "the book");
  };
  CAF_REQUIRE(ask(book()));
  CAF_CHECK_EQUAL(problem(), "none");
  CAF_CHECK_EQUAL(result->body, "the book");
  CAF_CHECK_EQUAL(result->at.value(), 7u);
  CAF_CHECK_EQUAL(asked.size(), 4u);
  CAF_CHECK_EQUAL(asked[0].second.limit, 10u);
  CAF_CHECK_EQUAL(asked[0].second.subject, 1u);
}

CAF_TEST(who was told of a block gets no answer as of one before it) {
  // Two replicas are behind and agree; they execute what they lack a little later.
  queries->told(sequence_number{59});
  int rounds = 0;
  replica = [&](std::uint16_t r, const query&) {
    rounds += r == 0;
    return r < 2 && rounds < 3 ? say(18, "before") : r == 3 ? no(errc::busy) : say(59, "after");
  };
  CAF_REQUIRE(ask(book()));
  CAF_CHECK_EQUAL(problem(), "none");
  CAF_CHECK_EQUAL(result->body, "after");
  CAF_CHECK_EQUAL(rounds, 3);
}

CAF_TEST(answers do not go back in time) {
  replica = [](std::uint16_t, const query&) {
    return say(30, "later");
  };
  CAF_REQUIRE(ask(book()));
  replica = [](std::uint16_t, const query&) {
    return say(29, "earlier");
  };
  CAF_REQUIRE(ask(book()));
  CAF_CHECK(result->problem->code == errc::unreachable);
}

CAF_TEST(equal bodies at other sequence numbers are not equal) {
  replica = [](std::uint16_t r, const query&) {
    return say(r, "the book");
  };
  CAF_REQUIRE(ask(book()));
  CAF_CHECK(result->problem->code == errc::unreachable);
  CAF_CHECK(problem().find("no 2 of them agreed") != std::string::npos);
}

CAF_TEST(while much executes an answer as of a number to come is found) {
  // Every replica is at another number at any time; asked for one, it waits for it.
  std::uint64_t block = 100;
  replica = [&](std::uint16_t r, const query& q) -> std::optional<answer> {
    block += 1;
    auto mine = block + r;
    if (q.at.value() == 0)
      return say(mine, "book at " + std::to_string(mine));
    if (q.at.value() < mine)
      return no(errc::outside_window);
    return say(q.at.value(), "book at " + std::to_string(q.at.value()));
  };
  CAF_REQUIRE(ask(book()));
  CAF_CHECK_EQUAL(problem(), "none");
  CAF_CHECK_EQUAL(result->body, "book at " + std::to_string(result->at.value()));
}

CAF_TEST(while much executes trades as of a number that is past are found) {
  std::uint64_t block = 100;
  replica = [&](std::uint16_t r, const query& q) -> std::optional<answer> {
    block += 1;
    auto mine = block + r;
    if (q.at.value() > mine)
      return no(errc::outside_window);
    auto at = q.at.value() == 0 ? mine : q.at.value();
    return say(at, "trades up to " + std::to_string(at));
  };
  auto q = book();
  q.kind = query_kind::trades;
  CAF_REQUIRE(ask(q));
  CAF_CHECK_EQUAL(problem(), "none");
  CAF_CHECK_EQUAL(result->body, "trades up to " + std::to_string(result->at.value()));
}

CAF_TEST(replicas that lag do not hide that the others agree) {
  // Two have not reached the number that is asked for.
  replica = [](std::uint16_t r, const query& q) -> std::optional<answer> {
    if (q.at.value() == 0)
      return say(r < 2 ? 100u + r : 200u + r, "as of now");
    return r < 2 ? no(errc::outside_window) : say(q.at.value(), "as of that");
  };
  auto q = book();
  q.kind = query_kind::trades;
  CAF_REQUIRE(ask(q));
  CAF_CHECK_EQUAL(problem(), "none");
  CAF_CHECK_EQUAL(result->body, "as of that");
  CAF_CHECK_EQUAL(result->at.value(), 202u);
}

CAF_TEST(a liar far ahead does not lead the others astray) {
  replica = [&](std::uint16_t r, const query& q) -> std::optional<answer> {
    if (r == 0)
      return say(1'000'000'000, "a lie");
    if (q.at.value() > 200)
      return std::nullopt; // it would wait for ever
    return say(q.at.value() == 0 ? 100u + r : q.at.value(), "the book");
  };
  CAF_REQUIRE(ask(book()));
  CAF_CHECK_EQUAL(problem(), "none");
  CAF_CHECK_EQUAL(result->body, "the book");
}

CAF_TEST(too few answers are told apart from answers that differ) {
  replica = [](std::uint16_t r, const query&) -> std::optional<answer> {
    return r == 2 ? std::optional{say(7, "the book")} : std::nullopt;
  };
  CAF_REQUIRE(ask(book()));
  CAF_CHECK_EQUAL(problem(), "unreachable: 1 of 4 replicas answered; it takes 2");
}

CAF_TEST(a refusal by f+1 is an answer) {
  replica = [](std::uint16_t r, const query&) {
    return r == 0 ? say(7, "a lie") : no(errc::not_authorised);
  };
  CAF_REQUIRE(ask(book()));
  CAF_CHECK(result->problem->code == errc::not_authorised);
}

CAF_TEST(one answer is enough if that is what was asked for) {
  replica = [](std::uint16_t, const query&) {
    return say(7, "the book");
  };
  CAF_REQUIRE(ask(book(trust::one)));
  CAF_CHECK_EQUAL(result->body, "the book");
  CAF_CHECK_EQUAL(asked.size(), 1u);
}

CAF_TEST(a silent replica is passed over) {
  replica = [](std::uint16_t r, const query&) -> std::optional<answer> {
    return r == 3 ? std::optional{say(7, "the book")} : std::nullopt;
  };
  auto q = book(trust::one);
  q.timeout_ms = 5000;
  CAF_REQUIRE(ask(q));
  CAF_CHECK_EQUAL(result->body, "the book");
}

CAF_TEST(an answer may come from a replica that links late) {
  for (std::uint16_t r = 0; r < n; ++r)
    queries->unlinked(replica_id{r}, now);
  replica = [](std::uint16_t, const query&) {
    return say(7, "the book");
  };
  queries->ask(book(), now);
  exchange();
  CAF_CHECK(asked.empty());
  queries->linked(replica_id{1});
  exchange();
  CAF_CHECK(!result);
  queries->linked(replica_id{3});
  exchange();
  CAF_REQUIRE(result);
  CAF_CHECK_EQUAL(result->body, "the book");
}

CAF_TEST(the own answer of each) {
  replica = [](std::uint16_t r, const query&) -> std::optional<answer> {
    return r == 1 ? std::nullopt : std::optional{say(r, "status of " + std::to_string(r))};
  };
  auto q = book(trust::each);
  q.kind = query_kind::status;
  CAF_REQUIRE(ask(q));
  CAF_CHECK_EQUAL(problem(), "none");
  CAF_REQUIRE_EQUAL(result->each.size(), 4u);
  CAF_CHECK_EQUAL(result->each[0].body, "status of 0");
  CAF_CHECK(result->each[1].problem->code == errc::unreachable);
  CAF_CHECK_EQUAL(result->each[3].body, "status of 3");
}

CAF_TEST(answers to other questions are ignored) {
  replica = [](std::uint16_t, const query&) {
    return std::nullopt;
  };
  queries->ask(book(), now);
  exchange();
  auto id = asked[0].second.id;
  auto a = say(1, "x");
  a.id = id + 1;
  queries->receive(replica_id{0}, a, now);
  queries->receive(replica_id{1}, a, now);
  a.id = id;
  queries->receive(replica_id{0}, a, now);
  queries->receive(replica_id{0}, a, now); // twice by one
  exchange();
  CAF_CHECK(!result);
}

CAF_TEST(a receipt is made of f+1 valid shares) {
  std::vector<bytes> reports{"report 0", "report 1", "report 2"};
  std::vector<digest> leaves;
  for (auto& r : reports)
    leaves.push_back(merkle_leaf(r));
  results_statement what;
  what.sequence = sequence_number{9};
  what.block = hash("a block");
  what.results = merkle_root(leaves);
  auto share = [&](std::uint16_t r) {
    receipt_share s;
    s.report = reports[1];
    s.index = 1;
    s.count = 3;
    s.path = merkle_path(leaves, 1);
    s.what = what;
    s.by = {replica_id{r}, keys[r].sign(purpose::results, cluster, signed_bytes(what))};
    return s;
  };
  replica = [&](std::uint16_t r, const query&) -> std::optional<answer> {
    auto s = share(r);
    if (r == 0)
      s.by.signature.data[0] ^= 1; // a signature that is none
    if (r == 1)
      s.report = "report 7"; // a report that is none
    return say(9, encode(s));
  };
  question q;
  q.kind = query_kind::receipt;
  q.report = report_number{2};
  q.timeout_ms = 2000;
  CAF_REQUIRE(ask(q));
  CAF_REQUIRE_EQUAL(problem(), "none");
  auto made = decode_receipt(result->body);
  CAF_REQUIRE(made);
  CAF_CHECK_EQUAL(made->report, reports[1]);
  CAF_CHECK(made->cluster == cluster);
  CAF_REQUIRE_EQUAL(made->signatures.size(), 2u);
  for (auto& s : made->signatures)
    CAF_CHECK(verify(keys[s.replica.value()].identity(), purpose::results, cluster,
                     signed_bytes(made->what), s.signature));

  replica = [&](std::uint16_t r, const query&) -> std::optional<answer> {
    return r == 3 ? say(9, encode(share(3))) : no(errc::not_found);
  };
  CAF_REQUIRE(ask(q));
  CAF_CHECK(result->problem->code == errc::not_found);
}

CAF_TEST_FIXTURE_SCOPE_END()
