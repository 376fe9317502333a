// What the tests of consensus share: a cheap authenticator, and shorthands for values.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "consensus/authenticator.hpp"
#include "messages/consensus.hpp"

namespace bourse::test {

using namespace bourse::messages;

inline replica_id replica(std::uint64_t i) {
  return replica_id{static_cast<std::uint16_t>(i)};
}
inline sequence_number seq(std::uint64_t n) {
  return sequence_number{n};
}
inline view_number view(std::uint64_t v) {
  return view_number{v};
}
inline shared_bytes share(std::string_view text) {
  return std::make_shared<const bytes>(text);
}
inline digest cluster_id() {
  return hash("the cluster of the tests");
}

/// Signatures that nobody forges because nobody tries: fast, and distinct for every signer,
/// purpose and payload.
class stand_in final : public consensus::authenticator {
public:
  explicit stand_in(replica_id self) : self_(self) {}
  signature sign(purpose why, byte_view payload) const override {
    return make(self_, why, payload);
  }
  bool verify(replica_id by, purpose why, byte_view payload, const signature& s) const override {
    return s == make(by, why, payload);
  }

private:
  static signature make(replica_id by, purpose why, byte_view payload) {
    std::uint64_t h = 0x9e3779b97f4a7c15u ^ by.value();
    auto mix = [&h](std::uint64_t x) {
      h = (h ^ x) * 0xff51afd7ed558ccdu;
      h ^= h >> 32;
    };
    mix(static_cast<std::uint64_t>(why));
    for (; payload.size() >= 8; payload.remove_prefix(8)) {
      std::uint64_t x;
      std::memcpy(&x, payload.data(), 8);
      mix(x);
    }
    for (char c : payload)
      mix(static_cast<unsigned char>(c));
    signature out;
    for (std::size_t i = 0; i < out.data.size(); i += 8) {
      mix(i);
      std::memcpy(out.data.data() + i, &h, 8);
    }
    return out;
  }

  replica_id self_;
};

} // namespace bourse::test
