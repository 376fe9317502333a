#include "consensus/vote_set.hpp"

#include <algorithm>

#include "messages/assert.hpp"

namespace bourse::consensus {

vote_set::outcome vote_set::add(replica_id by, const digest& d, const signature& sig) {
  BOURSE_ASSERT(by.value() < votes_.size());
  auto& v = votes_[by.value()];
  if (v.state != validity::none && v.what == d && v.signature == sig)
    return outcome::repeated;
  if (v.state == validity::verified)
    return outcome::ignored;
  v = {validity::unverified, d, sig};
  return outcome::added;
}

void vote_set::add_verified(replica_id by, const digest& d, const signature& sig) {
  BOURSE_ASSERT(by.value() < votes_.size());
  votes_[by.value()] = {validity::verified, d, sig};
}

bool vote_set::verified(replica_id by, const digest& d, const signature& sig) const {
  const auto& v = at(by);
  return v.state == validity::verified && v.what == d && v.signature == sig;
}

std::uint16_t vote_set::count(const digest& d) const {
  auto same = [&](const vote& v) {
    return v.state != validity::none && v.what == d;
  };
  return static_cast<std::uint16_t>(std::ranges::count_if(votes_, same));
}

std::uint16_t vote_set::verified_count(const digest& d) const {
  auto same = [&](const vote& v) {
    return v.state == validity::verified && v.what == d;
  };
  return static_cast<std::uint16_t>(std::ranges::count_if(votes_, same));
}

bool vote_set::reach(const digest& d, std::uint16_t needed, const verifier& verify) {
  auto have = verified_count(d);
  // Bad ones shrink what is possible: stop as soon as it is too little, the rest may wait.
  auto possible = count(d);
  for (std::size_t i = 0; i < votes_.size() && have < needed && possible >= needed; ++i) {
    auto& v = votes_[i];
    if (v.state != validity::unverified || v.what != d)
      continue;
    if (verify(replica_id{static_cast<std::uint16_t>(i)}, v.signature)) {
      v.state = validity::verified;
      ++have;
    } else {
      v = {};
      --possible;
    }
  }
  return have >= needed;
}

std::vector<replica_signature> vote_set::certificate(const digest& d, std::uint16_t count) const {
  std::vector<replica_signature> out;
  out.reserve(count);
  for (std::size_t i = 0; i < votes_.size() && out.size() < count; ++i) {
    const auto& v = votes_[i];
    if (v.state == validity::verified && v.what == d)
      out.push_back({replica_id{static_cast<std::uint16_t>(i)}, v.signature});
  }
  BOURSE_ASSERT(out.size() == count);
  return out;
}

} // namespace bourse::consensus
