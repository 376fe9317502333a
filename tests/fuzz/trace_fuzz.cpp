// A node's trace, as `bourse conformance` reads it: bytes from whoever hands it in, and then steps
// that no replica ever took. With its checksums made right, or nothing would get past them.
#include <cstddef>
#include <cstdint>

#include "conformance/check.hpp"
#include "tests/conformance/reseal.hpp"

using namespace bourse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  conformance::spec_cluster cluster;
  auto trace = test::resealed({reinterpret_cast<const char*>(data), size});
  auto report = check_trace(trace, {}, cluster);
  auto reader = conformance::trace_reader::open(trace);
  if (report && !report->refused) { // every step has words
    for (auto next = reader->next(); next && *next; next = reader->next())
      in_words((*next)->what);
  }
  return 0;
}
