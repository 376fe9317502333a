#define CAF_SUITE question_turns
#include "tests/suite.hpp"

#include "actors/question_turns.hpp"

using namespace bourse::actors;

namespace {

question_turns::question question(std::uint32_t client, std::uint64_t name) {
  query q;
  q.id = name;
  return {client_id{client}, session_id{client}, q};
}

std::uint64_t name_of(const std::optional<question_turns::question>& q) {
  return q ? q->what.id : 0;
}

} // namespace

CAF_TEST(a client is asked for once at a time and all for a few) {
  question_turns turns{2};
  for (std::uint64_t i = 1; i <= 3; ++i)
    turns.add(question(1, 10 + i));
  CAF_CHECK_EQUAL(name_of(turns.next()), 11u);
  CAF_CHECK_EQUAL(name_of(turns.next()), 0u); // its own is under way
  turns.add(question(2, 21));
  turns.add(question(3, 31));
  CAF_CHECK_EQUAL(name_of(turns.next()), 21u);
  CAF_CHECK_EQUAL(name_of(turns.next()), 0u); // enough are
  turns.done(client_id{1});
  CAF_CHECK_EQUAL(name_of(turns.next()), 31u); // it has waited for longer
  turns.done(client_id{2});
  CAF_CHECK_EQUAL(name_of(turns.next()), 12u);
  turns.done(client_id{3});
  CAF_CHECK_EQUAL(name_of(turns.next()), 0u);
  turns.done(client_id{1});
  CAF_CHECK_EQUAL(name_of(turns.next()), 13u);
  turns.done(client_id{1});
  CAF_CHECK_EQUAL(name_of(turns.next()), 0u);
  turns.add(question(1, 14));
  CAF_CHECK_EQUAL(name_of(turns.next()), 14u);
}

CAF_TEST(what a session that ended would have asked is not asked) {
  question_turns turns{1};
  auto of_session = [](std::uint64_t session, std::uint64_t name) {
    auto q = question(1, name);
    q.session = session_id{session};
    return q;
  };
  turns.drop(client_id{1}, session_id{1}); // it never asked
  turns.add(of_session(1, 11));
  turns.add(of_session(1, 12));
  turns.drop(client_id{1}, session_id{1});
  CAF_CHECK_EQUAL(name_of(turns.next()), 0u);
  turns.add(of_session(2, 21));
  CAF_CHECK_EQUAL(name_of(turns.next()), 21u);
  turns.add(of_session(2, 22));
  turns.add(of_session(3, 31));
  turns.add(question(2, 41));
  turns.drop(client_id{1}, session_id{2});
  CAF_CHECK_EQUAL(name_of(turns.next()), 0u); // the first is under way still
  turns.done(client_id{1});
  CAF_CHECK_EQUAL(name_of(turns.next()), 41u);
  turns.done(client_id{2});
  CAF_CHECK_EQUAL(name_of(turns.next()), 31u);
  turns.drop(client_id{1}, session_id{3}); // it is asked already
  turns.done(client_id{1});
  CAF_CHECK_EQUAL(name_of(turns.next()), 0u);
}
