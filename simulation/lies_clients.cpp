// Lies to clients: what a Byzantine replica's gateway tells them. Where liars can deceive a client
// only together, what they say follows from what is true, so that all of them say the same.
#include <algorithm>

#include "messages/merkle.hpp"
#include "simulation/liar.hpp"

namespace bourse::simulation {

namespace {

constexpr std::uint64_t huge = ~std::uint64_t{0};

/// The same for all liars who see these bytes.
random_source drawn_from(byte_view what) {
  std::uint64_t seed = 0;
  auto name = hash(what);
  for (auto c : name.view().substr(0, 8))
    seed = seed << 8 | static_cast<std::uint8_t>(c);
  return random_source{seed};
}

bytes encode_all(const std::vector<report>& all) {
  bytes out;
  for (const auto& r : all)
    append_report(out, r);
  return out;
}

/// What differs in it is a lie that a client could act upon.
void falsify(report& r, random_source& random) {
  switch (random.below(7)) {
    case 0:
      r.price = price{r.price.value() + 1};
      return;
    case 1:
      r.quantity = quantity{r.quantity.value() + 1 + static_cast<std::int64_t>(random.below(100))};
      return;
    case 2:
      r.leaves = quantity{r.leaves.value() == 0 ? 1 : 0};
      return;
    case 3:
      r.kind = r.kind == report_kind::rejected ? report_kind::accepted : report_kind::rejected;
      r.why = r.kind == report_kind::rejected ? reason::insufficient_funds : reason::none;
      return;
    case 4:
      r.fee = amount{r.fee.value() + 1};
      return;
    case 5:
      r.account = account_id{r.account.value() + 1};
      return;
    default:
      r.side = r.side == side::buy ? side::sell : side::buy;
  }
}

/// A habit that remembers where each client stands.
class client_habit : public habit {
public:
  using habit::habit;

  void telling(const client_line& to, std::vector<tale>& all) final {
    auto& c = clients_[to.client];
    c.line = to;
    for (const auto& t : all)
      if (t.message)
        note(c, *t.message);
    lie_to(to, all);
  }

protected:
  struct standing_of {
    client_line line;
    sequence_number executed;
    std::vector<submission_number> next = std::vector<submission_number>(max_streams);
    report_number next_report;
  };

  virtual void lie_to(const client_line& to, std::vector<tale>& all) = 0;

  template <class Message, class Change>
  void each_told(std::vector<tale>& all, Change&& change) {
    for (auto& t : all)
      if (t.message)
        if (auto* m = std::get_if<Message>(&*t.message); m && change(*m))
          did();
  }
  const standing_of& standing(client_id c) {
    return clients_[c];
  }
  /// Null if nobody is there, or the liar is down.
  const standing_of* any_client() {
    if (clients_.empty() || !who_.nodes().up(who_.self()))
      return nullptr;
    auto at = clients_.begin();
    std::advance(at, random().below(clients_.size()));
    return &at->second;
  }
  void tell(const client_line& to, const gateway_message& m) {
    to.post(std::make_shared<const bytes>(encode(m)), random().below(3000));
  }
  void resign(results& m) const {
    m.by = who_.sign(purpose::results, m.what);
  }

private:
  static void note(standing_of& c, const gateway_message& m) {
    auto take_next = [&](const std::vector<submission_number>& next) {
      for (std::size_t s = 0; s < next.size() && s < c.next.size(); ++s)
        c.next[s] = std::max(c.next[s], next[s]);
    };
    if (const auto* w = std::get_if<welcome>(&m)) {
      take_next(w->next);
      c.executed = std::max(c.executed, w->executed);
      c.next_report = std::max(c.next_report, w->next_report);
    } else if (const auto* r = std::get_if<results>(&m)) {
      take_next(r->next);
      c.executed = std::max(c.executed, r->what.sequence);
      c.next_report
          = std::max(c.next_report, report_number{r->reports.first.value() + r->reports.count});
    }
  }

  std::map<client_id, standing_of> clients_;
};

/// One of the reports is another than was executed, under a root that is signed anew.
class false_reports final : public client_habit {
public:
  using client_habit::client_habit;

private:
  void lie_to(const client_line&, std::vector<tale>& all) override {
    each_told<results>(all, [&](results& m) {
      auto reports = decode_reports(m.reports.encoded, m.reports.count);
      if (!chance() || !reports || reports->empty())
        return false;
      auto common = drawn_from(m.reports.encoded);
      falsify((*reports)[common.below(reports->size())], common);
      m.reports.encoded = encode_all(*reports);
      m.what.results = hash(m.reports.encoded);
      resign(m);
      return true;
    });
  }
};

/// Trades that never were, in a block that comes after what was executed; they answer what the
/// client may have on its way.
class invented_reports final : public client_habit {
public:
  using client_habit::client_habit;

private:
  void lie_to(const client_line& to, std::vector<tale>& all) override {
    std::vector<tale> more;
    for (const auto& t : all)
      if (const auto* m = t.message ? std::get_if<results>(&*t.message) : nullptr;
          m && !m->more && chance()) {
        did();
        more.push_back({after(to.client, *m), {}, random().below(1000)});
      }
    all.insert(all.end(), more.begin(), more.end());
  }

  results after(client_id c, const results& true_one) {
    auto common = drawn_from(true_one.reports.encoded);
    results m;
    m.what.sequence = true_one.what.sequence.next();
    m.what.block = hash(true_one.what.block.view());
    m.next = true_one.next;
    auto stream = common.below(3);
    report r;
    r.client = c;
    r.number = report_number{true_one.reports.first.value() + true_one.reports.count};
    r.kind = report_kind::fill;
    r.role = role::taker;
    r.price = price{1 + static_cast<std::int64_t>(common.below(2000))};
    r.quantity = quantity{1 + static_cast<std::int64_t>(common.below(50))};
    r.trade = trade_id{1 + common.below(1000)};
    r.order = order_id{1 + common.below(1000)};
    r.stream = stream_id{static_cast<std::uint8_t>(stream)};
    if (stream < m.next.size() && common.below(2) == 0) {
      r.submission = m.next[stream];
      m.next[stream] = m.next[stream].next();
    }
    m.reports = {c, r.number, 1 + static_cast<std::uint32_t>(common.below(3)), {}};
    for (std::uint32_t i = 0; i < m.reports.count; ++i, r.number = r.number.next())
      append_report(m.reports.encoded, r);
    m.what.results = hash(m.reports.encoded);
    resign(m);
    return m;
  }
};

/// The client's streams and reports stand elsewhere; also when nobody asked.
class false_welcomes final : public client_habit {
public:
  using client_habit::client_habit;

  void tick() override {
    const auto* c = chance() ? any_client() : nullptr;
    if (!c)
      return;
    did();
    welcome w{who_.id(), c->executed, c->next, c->next_report};
    falsify(w, c->line.client);
    tell(c->line, w);
  }

private:
  void lie_to(const client_line& to, std::vector<tale>& all) override {
    each_told<welcome>(all, [&](welcome& w) {
      if (!chance())
        return false;
      falsify(w, to.client);
      return true;
    });
  }

  void falsify(welcome& w, client_id c) {
    auto ahead = 1 + drawn_from(encode(submission{c, {}, {}, {}})).below(40);
    switch (random().below(9)) {
      case 0:
        w.next.assign(w.next.size(), submission_number{huge});
        return;
      case 1:
        w.next_report = report_number{huge - random().below(3)};
        return;
      case 2:
        w.next.assign(w.next.size(), submission_number{1});
        w.next_report = report_number{1};
        return;
      case 3:
        w.next.clear();
        return;
      case 4:
        w.replica = replica_id{static_cast<std::uint16_t>(anyone())};
        return;
      case 5:
        w.executed = sequence_number{huge};
        w.next_report = report_number{0};
        return;
      case 6:
        w.next_report = report_number{w.next_report.value() + ahead};
        return;
      default: // as if other submissions had taken the next numbers
        for (auto& n : w.next)
          n = submission_number{n.value() + ahead};
    }
  }
};

/// Whatever the client has sent, or has not, is executed, forged, too much or not for now.
class false_refusals final : public client_habit {
public:
  using client_habit::client_habit;

  void tick() override {
    for (int i = 0; i < 4; ++i)
      if (const auto* c = chance() ? any_client() : nullptr) {
        did();
        tell(c->line, made_for(*c));
      }
  }
  void asked(const client_line& by, const client_message& m) override {
    const auto* s = std::get_if<submit>(&m);
    if (!s || !chance())
      return;
    for (const auto& each : s->submissions)
      if (auto header = decode_submission_header(each.body)) {
        did();
        tell(by, refused{header->stream, header->number, why()});
      }
  }

private:
  void lie_to(const client_line&, std::vector<tale>&) override {}

  refused made_for(const standing_of& c) {
    auto stream = random().below(random().below(8) ? 4 : max_streams);
    auto number = c.next[stream].value() + random().below(4);
    if (random().below(8) == 0)
      number = huge - random().below(2);
    return {stream_id{static_cast<std::uint8_t>(stream)}, submission_number{number}, why()};
  }
  error why() {
    static constexpr errc all[]
        = {errc::malformed,      errc::too_large, errc::bad_signature,   errc::wrong_cluster,
           errc::unknown_client, errc::duplicate, errc::outside_window,  errc::busy,
           errc::not_authorised, errc::pruned,    errc::unknown_replica, errc::shutting_down};
    return {all[random().below(std::size(all))], bytes(random().below(40), 'x')};
  }
};

/// Reports that the client still needs are no longer kept.
class false_gone final : public client_habit {
public:
  using client_habit::client_habit;

  void tick() override {
    const auto* c = chance() ? any_client() : nullptr;
    if (!c)
      return;
    did();
    auto n = c->next_report.value();
    const std::array<std::uint64_t, 5> firsts{0, n, n + 1 + random().below(50), huge, huge / 2};
    tell(c->line, gone{report_number{firsts[random().below(firsts.size())]}});
  }

private:
  void lie_to(const client_line&, std::vector<tale>&) override {}
};

/// Another book, account or receipt than is asked for, as of that block or another; or none.
class false_answers final : public client_habit {
public:
  using client_habit::client_habit;

private:
  void lie_to(const client_line&, std::vector<tale>& all) override {
    each_told<answer>(all, [&](answer& a) {
      if (!chance())
        return false;
      if (a.problem) // nothing to lie about but that there is an answer
        a.problem.reset();
      else if (auto share = decode_receipt_share(a.body))
        forge(*share, a);
      else
        falsify(a);
      return true;
    });
  }

  /// A proof that holds, of what never was.
  void forge(receipt_share& s, answer& a) {
    auto r = decode_report(s.report);
    if (!r)
      return;
    auto common = drawn_from(s.report);
    simulation::falsify(*r, common);
    s.report = encode(*r);
    s.index = 0;
    s.count = 1;
    s.path.clear();
    s.what.results = merkle_leaf(s.report);
    s.by = who_.sign(purpose::results, s.what);
    a.body = encode(s);
  }

  void falsify(answer& a) {
    auto common = drawn_from(a.body);
    switch (random().below(6)) {
      case 0:
        a.at = sequence_number{random().below(2) ? huge : a.at.value() + 1};
        return;
      case 1:
        a.problem = error{errc::not_found, "no such thing"};
        return;
      case 2:
        a.body.resize(random().below(a.body.size() + 1));
        return;
      default:
        break;
    }
    if (auto past = decode_trades_view(a.body); past && !past->trades.empty()) {
      auto& t = past->trades[common.below(past->trades.size())];
      t.price = price{t.price.value() + 1 + static_cast<std::int64_t>(common.below(100))};
      a.body = encode(*past);
    } else if (auto book = decode_book_view(a.body)) {
      auto& levels = book->bids.empty() ? book->asks : book->bids;
      if (levels.empty())
        levels.push_back({price{1000}, quantity{1}, 1});
      levels.front().quantity = quantity{levels.front().quantity.value() + 1
                                         + static_cast<std::int64_t>(common.below(100))};
      a.body = encode(*book);
    }
    if (!a.body.empty() && random().below(3) == 0)
      a.body[common.below(a.body.size())] ^= static_cast<char>(1 + common.below(255));
  }
};

/// Clients, or some of them, hear nothing from it.
class silence_to_clients final : public client_habit {
public:
  using client_habit::client_habit;

private:
  void lie_to(const client_line& to, std::vector<tale>& all) override {
    if (!(what_.amount >> to.client.value() % 32 & 1) || !chance())
      return;
    did(all.size());
    all.clear();
  }
};

/// What it told before, to this client or another.
class old_tales final : public client_habit {
public:
  using client_habit::client_habit;

private:
  static constexpr std::size_t most = 200;

  void lie_to(const client_line&, std::vector<tale>& all) override {
    std::vector<tale> more;
    for (const auto& t : all) {
      if (!t.message)
        continue;
      if (old_.size() < most)
        old_.push_back(*t.message);
      else if (random().below(4) == 0)
        old_[random().below(most)] = *t.message;
      if (!chance())
        continue;
      did();
      more.push_back({old_[random().below(old_.size())], {}, random().below(5000)});
    }
    all.insert(all.end(), more.begin(), more.end());
  }

  std::vector<gateway_message> old_;
};

} // namespace

habit_ptr make_client_habit(liar& who, const lie& what, std::uint64_t& count) {
  switch (what.kind) {
    case lie_kind::false_reports:
      return made<false_reports>(who, what, count);
    case lie_kind::invented_reports:
      return made<invented_reports>(who, what, count);
    case lie_kind::false_welcomes:
      return made<false_welcomes>(who, what, count);
    case lie_kind::false_refusals:
      return made<false_refusals>(who, what, count);
    case lie_kind::false_gone:
      return made<false_gone>(who, what, count);
    case lie_kind::false_answers:
      return made<false_answers>(who, what, count);
    case lie_kind::silence_to_clients:
      return made<silence_to_clients>(who, what, count);
    case lie_kind::old_tales:
      return made<old_tales>(who, what, count);
    default:
      return nullptr;
  }
}

} // namespace bourse::simulation
