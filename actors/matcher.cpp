#include "actors/matcher.hpp"

#include <tuple>

#include "actors/spawn.hpp"

namespace bourse::actors {

namespace {

struct matcher_setup {
  context_ptr context;
  instrument_id id;
  market::matcher book;
};

class matcher {
public:
  static constexpr const char* name = "matcher";

  matcher(matcher_actor::pointer, matcher_setup setup)
      : context_(std::move(setup.context)), id_(setup.id), book_(std::move(setup.book)) {}

  matcher_actor::behavior_type behavior() {
    return {
        [this](match_atom, const work_ptr& work, bool pages) {
          meter m(context_->counters, component::matcher);
          auto result = std::make_shared<match_result>();
          result->outcome = book_.run(*work);
          if (pages)
            result->pages = book_.take_dirty_pages();
          return std::make_tuple(matched_atom::value, match_result_ptr{std::move(result)});
        },
        [this](digest_atom) {
          meter m(context_->counters, component::matcher);
          auto result = std::make_shared<match_result>();
          result->outcome.instrument = id_;
          result->pages = book_.take_dirty_pages();
          return match_result_ptr{std::move(result)};
        },
        [this](book_atom, std::uint32_t limit) {
          meter m(context_->counters, component::matcher);
          return encode(book_.view(limit));
        },
        [this](account_atom, account_id account) {
          meter m(context_->counters, component::matcher);
          auto orders = std::make_shared<std::vector<open_order>>();
          book_.append_open_orders(account, *orders);
          return open_orders_ptr{std::move(orders)};
        },
    };
  }

private:
  context_ptr context_;
  instrument_id id_;
  market::matcher book_;
};

} // namespace

matcher_actor spawn_matcher(caf::actor_system& system, context_ptr context, instrument_id id,
                            market::matcher book) {
  return spawn_shell<matcher, matcher_actor>(
      system, matcher_setup{std::move(context), id, std::move(book)});
}

} // namespace bourse::actors
