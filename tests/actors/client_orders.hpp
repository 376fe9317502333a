// What tests of the client's session place, and how they wait for it.
#pragma once

#include "tests/actors/client_world.hpp"
#include "tests/market/samples.hpp"

namespace bourse::test {

inline std::uint64_t seed() {
  static const auto s = bourse::market::samples::test_seed();
  return s;
}

inline std::string described(const std::optional<error>& e) {
  return e ? to_string(*e) : "none";
}

inline std::vector<request> orders(client_world& w, std::size_t n) {
  std::vector<request> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(w.order());
  return out;
}

/// One order, executed.
inline placed_ptr place_and_wait(client_world& w, client_run& run, std::uint8_t stream = 0) {
  auto id = w.place(run, stream, {w.order()});
  return w.until_finished(run, id) ? run.finished[id] : nullptr;
}

} // namespace bourse::test
