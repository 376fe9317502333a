#include "simulation/hostile_client.hpp"

#include "simulation/crowd.hpp"
#include "simulation/field_campaign.hpp"
#include "simulation/liar.hpp"

namespace bourse::simulation {

namespace {

constexpr std::size_t most_old = 100;

} // namespace

hostile_client::hostile_client(cluster& c, std::uint64_t seed, std::uint32_t every_ms,
                               field_campaign* campaign)
    : cluster_(c),
      random_(seed ^ 0xc11e),
      every_ms_(every_ms),
      client_(c, client_named(c.genesis(), "trader")),
      accounts_(c.genesis().market.clients[client_.id().value()].accounts),
      campaign_(campaign) {
  next_.fill(1);
  again();
}

void hostile_client::again() {
  cluster_.universe().after((1 + random_.below(2 * every_ms_)) * 1'000'000, [this] {
    if (stopped_)
      return;
    if (campaign_)
      try_fields();
    else
      act();
    again();
  });
}

void hostile_client::send(std::size_t to, const client_message& m) {
  ++sent_;
  client_.send_to(to, m);
}

void hostile_client::act() {
  auto to = random_.below(cluster_.size());
  auto stream = static_cast<std::uint8_t>(random_.below(max_streams));
  switch (random_.below(8)) {
    case 0: // its links come and go
      client_.disconnect(to);
      if (cluster_.up(to))
        client_.connect(to);
      return;
    case 1: // gaps, and numbers at the end
      send(to, submit{{client_.sign(some(3), stream,
                                    submission_number{random_.below(2)
                                                          ? next_[stream] + random_.below(5000)
                                                          : random_.next()})}});
      return;
    case 2:
      if (!old_.empty())
        send(to, submit{{old_[random_.below(old_.size())], old_[random_.below(old_.size())]}});
      return;
    case 3:
      return noise();
    case 4: {
      auto s = client_.sign(some(3), stream, submission_number{next_[stream]});
      s.signature = random_signature(random_);
      send(to, submit{{s}});
      return;
    }
    default:
      return two_bodies();
  }
}

/// One number, another content for each that hears of it.
void hostile_client::two_bodies() {
  auto stream = static_cast<std::uint8_t>(random_.below(4));
  submission_number number{next_[stream]};
  auto one = client_.sign(some(4), stream, number);
  auto other = client_.sign(some(4), stream, number);
  auto side = random_.next();
  for (std::size_t to = 0; to < cluster_.size(); ++to)
    if (random_.below(8) != 0)
      send(to, submit{{side >> to & 1 ? one : other}});
  if (old_.size() < most_old)
    old_.push_back(other);
  else
    old_[random_.below(most_old)] = one;
  if (random_.below(3) != 0)
    ++next_[stream];
}

void hostile_client::noise() {
  auto to = random_.below(cluster_.size());
  switch (random_.below(3)) {
    case 0:
      send(to, resume{report_number{random_.next()}});
      return;
    case 1: {
      query q;
      q.id = random_.next();
      q.kind = static_cast<query_kind>(1 + random_.below(6));
      q.subject = static_cast<std::uint32_t>(random_.below(2) ? random_.next() : random_.below(20));
      q.limit = static_cast<std::uint32_t>(random_.next());
      q.at = sequence_number{random_.below(2) ? random_.next() : random_.below(500)};
      q.report = report_number{random_.below(2) ? random_.next() : random_.below(50)};
      send(to, q);
      return;
    }
    default: {
      auto s = client_.sign(some(3), 0, submission_number{next_[0]});
      s.body = bytes(random_.below(200), static_cast<char>(random_.next()));
      s.signature = client_key(client_.id().value())
                        .sign(purpose::submission, cluster_.genesis().cluster(), s.body);
      send(to, submit{{s}});
    }
  }
}

// -- every field of what clients send
// ---------------------------------------------------------------

void hostile_client::try_fields() {
  auto to = random_.below(cluster_.size());
  if (!cluster_.up(to))
    return;
  client_.connect(to); // links of nodes that were down do not come back by themselves
  for (int i = 0; i < 3; ++i) {
    auto before = of_all_fields();
    auto message = encode(before);
    auto change = [&](const field_case& what) -> std::optional<bytes> {
      auto& earlier = earlier_[what.field];
      auto out = mutate(message, what.where(), what.how, random_, earlier);
      if (auto value = value_of(message, what.where(), random_))
        earlier = std::move(*value);
      if (what.signed_anew) {
        auto m = decode_client_message(out, {});
        auto* all = m ? std::get_if<submit>(&*m) : nullptr;
        if (!all)
          return std::nullopt;
        for (auto& s : all->submissions)
          s.signature = client_key(client_.id().value())
                            .sign(purpose::submission, cluster_.genesis().cluster(), s.body);
        if (*m == before)
          return std::nullopt;
        out = encode(*m);
      }
      return out != message ? std::optional{out} : std::nullopt;
    };
    if (auto out = campaign_->make(speech::client, client_side, message, {}, true, change)) {
      ++sent_;
      client_.send_raw(to, std::move(*out));
    }
  }
}

/// With something in each of them.
client_message hostile_client::of_all_fields() {
  switch (random_.below(3)) {
    case 0:
      return resume{report_number{1 + random_.below(500)}};
    case 1: {
      query q;
      q.id = 1 + random_.next() / 2;
      q.kind = static_cast<query_kind>(1 + random_.below(6));
      q.subject = 1 + static_cast<std::uint32_t>(random_.below(3));
      q.limit = 1 + static_cast<std::uint32_t>(random_.below(300));
      q.at = sequence_number{1 + random_.below(500)};
      q.report = report_number{1 + random_.below(500)};
      return q;
    }
    default: {
      auto number = [&] {
        return static_cast<std::int64_t>(1 + random_.below(300));
      };
      account_id account{1 + static_cast<std::uint32_t>(random_.below(3))};
      instrument_id instrument{1};
      client_order_id order{1 + random_.below(500)};
      place p;
      p.account = account;
      p.instrument = instrument;
      p.client_order = order;
      p.price = price{number()};
      p.quantity = quantity{number()};
      if (random_.below(2)) {
        p.tif = time_in_force::good_till_block;
        p.expire_after = sequence_number{1 + random_.below(500)};
        p.liquidation = true;
      } else {
        p.type = order_type::market;
        p.tif = time_in_force::immediate_or_cancel;
        p.price = price{0};
        p.max_spend = amount{number()};
      }
      replace r{account, instrument, order, order, price{number()}, quantity{number()}};
      r.post_only = true;
      auto stream = static_cast<std::uint8_t>(1 + random_.below(3));
      return submit{{client_.sign({p, cancel{account, instrument, order}, r,
                                   cancel_all{account, instrument}, dead_man_switch{account, 1000},
                                   deposit{account, asset_id{1}, amount{number()}},
                                   withdraw{account, asset_id{1}, amount{number()}}},
                                  stream, submission_number{next_[stream]++})}};
    }
  }
}

std::vector<request> hostile_client::some(std::size_t most) {
  std::vector<request> out;
  for (auto count = random_.below(most + 1); count > 0; --count)
    out.push_back(any_request());
  return out;
}

/// Of its own accounts or anybody's, with numbers of any size.
request hostile_client::any_request() {
  auto account = random_.below(2) ? accounts_[random_.below(accounts_.size())]
                                  : account_id{static_cast<std::uint32_t>(
                                      random_.below(8) ? random_.below(20) : random_.next())};
  auto number = [&] {
    switch (random_.below(3)) {
      case 0:
        return static_cast<std::int64_t>(random_.next());
      case 1:
        return static_cast<std::int64_t>(random_.below(3)) - 1;
      default:
        return static_cast<std::int64_t>(900 + random_.below(200));
    }
  };
  instrument_id instrument{static_cast<std::uint16_t>(random_.below(4))};
  client_order_id order{random_.below(30)};
  switch (random_.below(5)) {
    case 0:
      return cancel{account, instrument, order};
    case 1:
      return withdraw{account, asset_id{static_cast<std::uint16_t>(random_.below(5))},
                      amount{number()}};
    case 2:
      return dead_man_switch{account, static_cast<std::uint32_t>(random_.next())};
    default: {
      place p;
      p.account = account;
      p.instrument = instrument;
      p.client_order = order;
      p.side = random_.below(2) ? side::buy : side::sell;
      p.type = random_.below(4) ? order_type::limit : order_type::market;
      p.tif = static_cast<time_in_force>(1 + random_.below(5));
      p.price = price{number()};
      p.quantity = quantity{number()};
      p.max_spend = amount{number()};
      p.liquidation = random_.below(8) == 0;
      return p;
    }
  }
}

} // namespace bourse::simulation
