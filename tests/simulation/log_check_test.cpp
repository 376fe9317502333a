#define CAF_SUITE log_check
#include "tests/suite.hpp"

#include "simulation/log_check.hpp"

#include "messages/block.hpp"

using namespace bourse;
using namespace bourse::messages;
using simulation::log_check;
using simulation::violations;

namespace {

const auto cluster_id = hash("a cluster");

/// Block n of a log that continues `before`; another one for each `variant`.
consensus::execution block(std::uint64_t n, const digest& before, char variant = 'a') {
  consensus::execution e;
  e.sequence = sequence_number{n};
  e.block = std::make_shared<const bytes>(bytes{"block "} + variant + std::to_string(n));
  e.digest = hash(*e.block);
  e.chain = chain_next(before, e.digest);
  return e;
}

struct fixture {
  violations out;
  log_check log{4, cluster_id, out};

  std::string rule() const {
    return out.empty() ? "" : out.all().front().rule;
  }
};

} // namespace

CAF_TEST(replicas that execute the same agree) {
  fixture f;
  auto one = block(1, cluster_id);
  auto two = block(2, one.chain);
  CAF_CHECK(f.log.executing(0, one));
  CAF_CHECK(f.log.executing(0, two));
  CAF_CHECK(!f.log.executing(3, one));
  CAF_CHECK(!f.log.executing(3, two));
  CAF_CHECK_EQUAL(f.log.length(), 2u);
  CAF_CHECK_EQUAL(f.rule(), "");
}

CAF_TEST(two blocks at one number are no agreement) {
  fixture f;
  f.log.executing(0, block(1, cluster_id));
  f.log.executing(1, block(1, cluster_id, 'b'));
  CAF_CHECK_EQUAL(f.rule(), "agreement");
}

CAF_TEST(a gap or a repetition is found) {
  fixture f;
  auto one = block(1, cluster_id);
  f.log.executing(0, block(2, one.chain));
  CAF_CHECK_EQUAL(f.rule(), "prefix");
  fixture g;
  g.log.executing(0, one);
  g.log.executing(0, one);
  CAF_CHECK_EQUAL(g.rule(), "prefix");
}

CAF_TEST(a chain that does not go on is found) {
  fixture f;
  f.log.executing(0, block(1, hash("another cluster")));
  CAF_CHECK_EQUAL(f.rule(), "prefix");
}

CAF_TEST(a block must be what its digest says) {
  fixture f;
  auto e = block(1, cluster_id);
  e.block = std::make_shared<const bytes>("something else");
  f.log.executing(0, e);
  CAF_CHECK_EQUAL(f.rule(), "validity");
}

CAF_TEST(nobody begins beyond the end of the log) {
  fixture f;
  f.log.started(2, sequence_number{1});
  CAF_CHECK_EQUAL(f.rule(), "agreement");
}
