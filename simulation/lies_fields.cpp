// Any field of any message changed in any way, as it is or signed anew.
#include <algorithm>

#include "simulation/field_campaign.hpp"
#include "simulation/liar.hpp"
#include "simulation/sign_anew.hpp"

namespace bourse::simulation {

namespace {

/// The message in which the body of such an answer is encoded.
std::string_view view_of(query_kind k) {
  switch (k) {
    case query_kind::book:
      return "BookView";
    case query_kind::account:
      return "AccountView";
    case query_kind::trades:
      return "TradesView";
    case query_kind::receipt:
      return "ReceiptShare";
    default:
      return {};
  }
}

/// Kinds that mean nothing to who has not asked.
bool is_answer(const peer_message& m) {
  return std::holds_alternative<committed_block>(m) || std::holds_alternative<bodies>(m)
         || std::holds_alternative<state_offer>(m) || std::holds_alternative<state_nodes>(m)
         || std::holds_alternative<state_pages>(m) || std::holds_alternative<pruned>(m);
}

class mutated_fields final : public habit {
public:
  using habit::habit;

  void sending(std::size_t, std::vector<parcel>& all) override {
    std::vector<parcel> more;
    for (auto& p : all) {
      if (!p.message)
        continue;
      auto message = encode(*p.message);
      keep(speech::peer, message, {});
      // Where somebody waits for an answer, as many as fit come ahead of the true one.
      bool waits = seen().campaign && is_answer(*p.message);
      for (int i = 0; waits && i < most_answers; ++i)
        if (auto changed = campaign(speech::peer, message, {}, false)) {
          did();
          more.push_back({p.on, {}, std::move(*changed), 0});
        }
      auto changed = waits             ? std::nullopt
                     : seen().campaign ? campaign(speech::peer, message, {}, false)
                                       : any(speech::peer, message, {});
      if (!changed)
        continue;
      did();
      p.raw = std::move(*changed);
      p.message.reset();
    }
    all.insert(all.begin(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
  }
  void arrived(std::size_t, const peer_message& m) override {
    if (seen().campaign
        && seen().campaign->wants(kind_in(speech::peer, static_cast<std::uint32_t>(m.index() + 1))))
      keep(speech::peer, encode(m), {});
  }
  void telling(const client_line& to, std::vector<tale>& all) override {
    line_ = to;
    for (auto& t : all) {
      if (!t.message)
        continue;
      std::string_view view;
      if (const auto* a = std::get_if<answer>(&*t.message); a && !a->problem)
        if (auto q = questions_.find({to.client, a->id}); q != questions_.end())
          view = view_of(q->second);
      auto message = encode(*t.message);
      keep(speech::gateway, message, view);
      auto changed = seen().campaign ? campaign(speech::gateway, message, view, false)
                                     : any(speech::gateway, message, view);
      if (!changed)
        continue;
      did();
      t.raw = std::move(*changed);
      t.message.reset();
    }
  }
  void asked(const client_line& by, const client_message& m) override {
    if (const auto* q = std::get_if<query>(&m)) {
      if (questions_.size() > most_questions)
        questions_.clear();
      questions_[{by.client, q->id}] = q->kind;
    }
  }
  /// What it seldom has to say it says unasked.
  void tick() override {
    if (!seen().campaign)
      return;
    auto late = who_.nodes().universe().now() > late_ns;
    if (late)
      invent();
    if (!who_.nodes().up(who_.self()))
      return;
    for (auto& [kind, some] : kept_)
      for (int i = 0; i < 4 && seen().campaign->wants(kind.first); ++i)
        say_again(some[random().below(some.size())], late);
  }

private:
  /// What did not come up by itself by then is put where it does not belong.
  static constexpr std::uint64_t late_ns = 5'000'000'000;
  static constexpr std::size_t most_kept = 12;
  static constexpr std::size_t most_questions = 2000;
  static constexpr int most_answers = 8;

  struct kept {
    speech whose;
    bytes message;
    std::string_view view;
  };

  void say_again(const kept& k, bool late) {
    if (k.whose == speech::gateway) {
      if (!line_)
        return;
      if (auto changed = campaign(k.whose, k.message, k.view, late)) {
        did();
        line_->post(std::make_shared<const bytes>(std::move(*changed)), 0);
      }
      return;
    }
    auto m = decode_peer_message(k.message, {});
    if (!m || (is_answer(*m) && !late))
      return;
    auto to = anyone();
    if (!who_.nodes().up(to))
      return;
    auto changed = campaign(k.whose, k.message, {}, late);
    if (!changed)
      return;
    did();
    if (is_answer(*m))
      seen().campaign->unasked();
    who_.nodes().post(who_.self(), to, channel_of(*m),
                      std::make_shared<const bytes>(std::move(*changed)));
  }

  /// Of what nobody has said.
  void invent() {
    stable_checkpoint stable = seen().stable;
    view_change_content change;
    change.view = view_number{seen().view.value() + 1};
    change.stable = stable;
    statement what{seen().view, seen().sequence, random_digest(random())};
    change.prepared.push_back(
        {what, random_signature(random()), {who_.sign(purpose::prepare, what)}});
    new_view_content begin;
    begin.view = change.view;
    begin.changes.push_back(who_.sign(change));
    begin.pre_prepares.push_back(random_signature(random()));
    tree_path path{std::uint64_t{7} << 56, 1};
    auto target = stable.what.sequence;
    auto some = random_digest(random());
    auto some_number = 1 + random().below(300);
    for (const peer_message& m : std::initializer_list<peer_message>{
             fetch_blocks{target, seen().sequence}, fetch_proposal{what},
             fetch_bodies{what.sequence, {some}}, bodies{{submission_of_all_kinds()}},
             who_.sign(change), who_.sign(begin), fetch_state{target},
             state_offer{stable, some, some}, fetch_state_nodes{some_number, target, {path}},
             state_nodes{some_number, {{path, {{static_cast<std::uint8_t>(some_number), some}}}}},
             fetch_state_pages{some_number, target, {1, 2}},
             state_pages{some_number, {{some_number, bytes(some_number, 'p')}}}, pruned{target},
             standing{stable, some_number, some_number, true}, stamp_reports{{own_report(some)}},
             fetch_reports{target, {{replica_id{1}, report_index{some_number}, some}}}})
      if (auto message = encode(m); rare(kind_in(speech::peer, kind_of(message))))
        keep(speech::peer, message, {});
    for (const gateway_message& m : std::initializer_list<gateway_message>{
             refused{stream_id{1}, submission_number{some_number}, {errc::busy, "too much"}},
             refused{stream_id{2}, submission_number{some_number}, {errc::malformed, "odd"}},
             gone{report_number{some_number}},
             answer{some_number, target, error{errc::busy, "too much"}, {}}})
      keep(speech::gateway, encode(m), {});
    if (line_)
      invent_for_client();
  }

  /// With something in each field.
  signed_report own_report(const digest& some) {
    stamp_report r{who_.id(), report_index{7}, some, stamp_time{5000}, {}};
    for (std::uint8_t i = 1; i <= 3; ++i)
      r.stamps.push_back({{client_id{i}, stream_id{i}, submission_number{i}},
                          random_digest(random()),
                          stamp_time{1000u * i}});
    auto body = encode(r);
    return {body, who_.auth().sign(purpose::stamp_report, hash(body).view())};
  }

  void invent_for_client() {
    auto some_number = 1 + random().below(300);
    auto some = static_cast<std::int64_t>(some_number);
    report one; // with something in each field
    one.number = report_number{some_number};
    one.client = client_id{1 + static_cast<std::uint32_t>(random().below(4))};
    one.account = account_id{1};
    one.instrument = instrument_id{1};
    one.kind = report_kind::fill;
    one.why = reason::spent;
    one.order = order_id{some_number};
    one.client_order = client_order_id{some_number};
    one.role = role::taker;
    one.price = price{some};
    one.quantity = one.leaves = quantity{some};
    one.trade = trade_id{some_number};
    one.fee = amount{some};
    one.stream = stream_id{1};
    one.submission = submission_number{some_number};
    one.index = 1;
    results_statement what{sequence_number{some_number}, random_digest(random()),
                           random_digest(random())};
    results many; // of a block with more reports than fit one message
    many.what = what;
    many.by = who_.sign(purpose::results, what);
    many.reports = {one.client, one.number, 1, {}};
    append_report(many.reports.encoded, one);
    many.next.assign(max_streams, submission_number{1});
    many.more = true;
    offer(many, {});

    receipt_share share{encode(one), 1,      3, {random_digest(random()), random_digest(random())},
                        what,        many.by};
    instrument_id instrument{1};
    book_view book{
        instrument, {{price{some}, quantity{some}, 1}}, {{price{some + 1}, quantity{some}, 2}}};
    account_view account{account_id{1}, {{asset_id{1}, amount{some}, amount{some}}}, {}};
    account.orders.push_back({order_id{some_number}, client_order_id{some_number}, instrument,
                              side::buy, price{some}, quantity{some}, quantity{some}});
    trades_view trades{instrument,
                       {{trade_id{some_number}, block_time{some_number}, price{some},
                         quantity{some}, side::sell}}};
    auto offer_view = [&](bytes body, query_kind kind) {
      offer(answer{some_number, what.sequence, std::nullopt, std::move(body)}, view_of(kind));
    };
    offer_view(encode(share), query_kind::receipt);
    offer_view(encode(book), query_kind::book);
    offer_view(encode(account), query_kind::account);
    offer_view(encode(trades), query_kind::trades);
  }

  void offer(const gateway_message& m, std::string_view view) {
    if (auto message = encode(m); rare(kind_in(speech::gateway, kind_of(message)), view))
      keep(speech::gateway, message, view);
  }

  /// Nobody said it, or not as it is needed.
  bool rare(std::uint32_t kind, std::string_view view = {}) {
    return !kept_.contains({kind, view})
           || (seen().campaign->wants(kind) && random().below(4) == 0);
  }

  static signed_submission submission_of_all_kinds() {
    account_id account{1};
    instrument_id instrument{1};
    client_order_id order{7};
    place p;
    p.account = account;
    p.instrument = instrument;
    p.client_order = order;
    p.price = price{1000};
    p.quantity = quantity{5};
    p.tif = time_in_force::good_till_block;
    p.expire_after = sequence_number{9};
    p.max_spend = amount{70};
    p.liquidation = true;
    replace r{account, instrument, order, order, price{1000}, quantity{5}};
    r.post_only = true;
    submission s{client_id{1}, stream_id{1}, submission_number{1}, {}};
    s.requests = {p,
                  cancel{account, instrument, order},
                  r,
                  cancel_all{account, instrument},
                  dead_man_switch{account, 1000},
                  deposit{account, asset_id{1}, amount{5}},
                  withdraw{account, asset_id{1}, amount{5}}};
    return {encode(s), {}};
  }

  void keep(speech whose, const bytes& message, std::string_view view) {
    auto& some = kept_[{kind_in(whose, kind_of(message)), view}];
    if (some.size() < most_kept)
      some.push_back({whose, message, view});
    else
      some[random().below(most_kept)] = {whose, message, view};
  }

  std::optional<bytes> any(speech whose, const bytes& message, std::string_view view) {
    if (!chance())
      return std::nullopt;
    std::vector<std::size_t> fields;
    auto kind = kind_in(whose, kind_of(message));
    for (std::size_t f = 0; f < all_fields().size(); ++f)
      if (const auto& where = all_fields()[f];
          where.kind() == kind && (where.view.empty() || where.view == view))
        fields.push_back(f);
    for (int draw = 0; draw < 4 && !fields.empty(); ++draw)
      if (auto out = changed(message, {fields[random().below(fields.size())],
                                       static_cast<mutation>(random().below(mutations)),
                                       random().below(2) == 0}))
        return out;
    return std::nullopt;
  }

  std::optional<bytes> campaign(speech whose, const bytes& message, std::string_view view,
                                bool anyhow) {
    return seen().campaign->make(whose, who_.self(), message, view, anyhow,
                                 [&](const field_case& what) { return changed(message, what); });
  }

  /// Nothing if it is what it was.
  std::optional<bytes> changed(const bytes& message, const field_case& what) {
    const auto& where = what.where();
    auto out = mutate(message, where, what.how, random(), earlier_[what.field]);
    if (auto value = value_of(message, where, random()))
      earlier_[what.field] = std::move(*value);
    if (what.signed_anew) {
      auto again = sign_anew(who_, where.whose, out, message);
      if (!again)
        return std::nullopt;
      out = std::move(*again);
    }
    return out != message ? std::optional{std::move(out)} : std::nullopt;
  }

  /// By kind, and what answers hold.
  std::map<std::pair<std::uint32_t, std::string_view>, std::vector<kept>> kept_;
  std::map<std::size_t, bytes> earlier_;                                ///< by field
  std::map<std::pair<client_id, std::uint64_t>, query_kind> questions_; ///< of clients
  std::optional<client_line> line_;                                     ///< the latest
};

} // namespace

habit_ptr make_field_habit(liar& who, const lie& what, std::uint64_t& count) {
  if (what.kind != lie_kind::mutated_fields)
    return nullptr;
  return made<mutated_fields>(who, what, count);
}

} // namespace bourse::simulation
