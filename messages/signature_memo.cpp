#include "messages/signature_memo.hpp"

#include <algorithm>

#include "messages/assert.hpp"

namespace bourse::messages {

namespace {

thread_local signature_memo* current_memo = nullptr;

} // namespace

signature_memo::signature_memo(making how) : how_(how) {
  BOURSE_ASSERT(!current_memo);
  current_memo = this;
}

signature_memo::~signature_memo() {
  current_memo = nullptr;
}

signature_memo* signature_memo::current() {
  return current_memo;
}

digest signature_memo::over(const public_key& by, byte_view message) {
  return hasher{}.add(by.view()).add(message).finish();
}

signature signature_memo::stand_in(byte_view secret, byte_view message) {
  auto half = hasher{}.add(secret).add(message).finish();
  auto other = hasher{}.add(half).add(secret).finish();
  signature s;
  std::copy(half.data.begin(), half.data.end(), s.data.begin());
  std::copy(other.data.begin(), other.data.end(), s.data.begin() + digest::size);
  return s;
}

void signature_memo::remember(const signature& s, const public_key& by, byte_view message) {
  made_.emplace(s, over(by, message));
}

std::optional<bool> signature_memo::made(const signature& s, const public_key& by,
                                         byte_view message) const {
  auto found = made_.find(s);
  if (found == made_.end())
    return how_ == making::stand_in ? std::optional{false} : std::nullopt;
  return found->second == over(by, message);
}

} // namespace bourse::messages
