#include "storage/find_order.hpp"

#include <algorithm>
#include <utility>

#include "messages/crypto.hpp"
#include "storage/layout.hpp"
#include "storage/records.hpp"

namespace bourse::storage {

namespace {

/// The order that a request brings into the books under a name of its account.
std::optional<std::pair<account_id, client_order_id>> named_by(const request& r) {
  if (auto* x = std::get_if<place>(&r))
    return std::pair{x->account, x->client_order};
  if (auto* x = std::get_if<replace>(&r))
    return std::pair{x->account, x->new_client_order};
  return std::nullopt;
}

class order_search {
public:
  order_search(const reader& s, const order_name& name, const market::rules& r)
      : store_(s), name_(name), rules_(r) {}

  expected<found_orders> run() {
    auto from = sequence_number{0};
    auto to = bytes{};
    if (auto* id = std::get_if<order_id>(&name_)) {
      from = sequence_number{id->value() >> 16};
      to = layout::sequence_key(from.next());
    }
    auto searched = layout::load_range(
        store_, family::bodies, layout::sequence_key(from), to,
        [this](byte_view key, byte_view payload) { return look_into_block(key, payload); });
    if (searched && !std::holds_alternative<order_id>(name_))
      searched = load_pending(store_, [this](auto&, signed_submission source) -> expected<void> {
        if (is_it(source.body))
          add(out_.pending, source.body, sequence_number{0});
        return {};
      });
    if (!searched)
      return tl::unexpected{searched.error()};
    return std::move(out_);
  }

private:
  expected<bool> look_into_block(byte_view key, byte_view payload) {
    auto n = sequence_number{layout::unpacker{key}.big_u64()};
    position_ = 1;
    auto executed = [&](byte_view body, const signature&) {
      if (is_it(body))
        add(out_.executed, body, n);
    };
    auto voided = [&](byte_view body, const signature&) {
      if (!std::holds_alternative<order_id>(name_) && is_it(body))
        add(out_.voided, body, n);
    };
    if (auto ok = layout::unpack_bodies(key, payload, executed, voided); !ok)
      return tl::unexpected{ok.error()};
    return true;
  }

  /// Bodies of a block come in order, so that positions of requests can be counted.
  bool is_it(byte_view body) {
    if (auto* about = std::get_if<submission_header>(&name_)) {
      auto found = decode_submission_header(body);
      return found && *found == *about;
    }
    auto content = decode_submission(body, rules_.submissions);
    if (!content)
      return false; // the audit will say so
    if (auto* id = std::get_if<order_id>(&name_)) {
      auto first = std::exchange(position_, position_ + content->requests.size());
      auto wanted = id->value() & 0xffff;
      return wanted >= first && wanted < position_;
    }
    auto& name = std::get<order_of_account>(name_);
    return std::any_of(content->requests.begin(), content->requests.end(), [&](auto& r) {
      return named_by(r) == std::pair{name.account, name.name};
    });
  }

  static void add(std::vector<found_order>& to, byte_view body, sequence_number block) {
    if (auto about = decode_submission_header(body))
      to.push_back({*about, hash(body), block});
  }

  const reader& store_;
  const order_name& name_;
  const market::rules& rules_;
  std::uint64_t position_ = 1; ///< of the next request in its block
  found_orders out_;
};

} // namespace

expected<found_orders> find_orders(const reader& s, const order_name& name,
                                   const market::rules& r) {
  return order_search{s, name, r}.run();
}

} // namespace bourse::storage
