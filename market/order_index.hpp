// Finds an open order by what its account calls it, and all open orders of an account.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "market/name_table.hpp"
#include "messages/types.hpp"

namespace bourse::market {

using namespace messages;

/// A table of names for each account. Clients choose their names; `seed` keeps them from choosing
/// ones that collide. It changes where entries lie, and so the time it takes, but nothing that a
/// replica ever says.
class order_index {
public:
  explicit order_index(std::uint64_t seed) : seed_(seed) {}

  template <class Predicate>
  order_slot find(account_id account, client_order_id name, Predicate is_it) const {
    auto table = table_of(account);
    return table ? table->find(tag_of(name), is_it) : no_order;
  }

  void insert(account_id account, client_order_id name, order_slot slot) {
    if (account.value() >= tables_.size())
      tables_.resize(account.value() + 1);
    tables_[account.value()].insert(arena_, tag_of(name), slot);
    ++size_;
  }

  void erase(account_id account, client_order_id name, order_slot slot) {
    tables_[account.value()].erase(arena_, tag_of(name), slot);
    --size_;
  }

  void prefetch(account_id account, client_order_id name) const {
    if (auto table = table_of(account))
      table->prefetch(tag_of(name));
  }

  /// nullptr if the account has never had an order.
  const name_table* table_of(account_id account) const {
    return account.value() < tables_.size() ? &tables_[account.value()] : nullptr;
  }
  std::size_t size() const {
    return size_;
  }

private:
  static std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
    auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  }

  /// Multiply-and-fold as in wyhash, two rounds.
  name_tag tag_of(client_order_id name) const {
    auto x = fold(name.value() / 4 ^ seed_ ^ 0xa076'1d64'78bd'642f,
                  std::rotl(seed_, 32) ^ 0xe703'7ed1'a0b4'28db);
    auto hash = static_cast<std::uint32_t>(fold(x ^ seed_, 0x8ebc'6af0'9c88'c6e3) >> 32);
    return (hash & ~7U) | 4 | static_cast<std::uint32_t>(name.value() % 4);
  }

  std::uint64_t seed_;
  line_arena arena_;
  std::vector<name_table> tables_;
  std::size_t size_ = 0;
};

} // namespace bourse::market
