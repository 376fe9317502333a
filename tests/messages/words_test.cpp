#define CAF_SUITE words
#include "tests/suite.hpp"

#include "messages/words.hpp"

using namespace bourse::messages;

CAF_TEST(votes are told with all that they say) {
  statement what{view_number{3}, sequence_number{7}, hash("block")};
  CAF_CHECK_EQUAL(in_words(commit{what, {replica_id{2}, {}}}),
                  "COMMIT of block 7 in view 3, digest " + to_hex(hash("block").view()).substr(0, 8)
                      + ", by 2");
  CAF_CHECK_EQUAL(in_words(fetch_blocks{sequence_number{4}, sequence_number{9}}),
                  "question for blocks 4 to 9");
  CAF_CHECK_EQUAL(in_words(stamp_reports{std::vector<signed_report>(3)}), "3 reports of stamps");
  CAF_CHECK_EQUAL(in_words(fetch_reports{{}, std::vector<chain_head>(2)}),
                  "question for 2 reports of stamps");
}

CAF_TEST(what cannot be read is said to be so) {
  CAF_CHECK_EQUAL(in_words(view_change{"nonsense", {}}), "VIEW-CHANGE that does not decode");
  CAF_CHECK_EQUAL(in_words(new_view{"nonsense", {}}), "NEW-VIEW that does not decode");
}
