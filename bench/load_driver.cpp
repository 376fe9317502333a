#include "bench/load_driver.hpp"

#include <algorithm>
#include <utility>

namespace bourse::bench {

using namespace std::chrono_literals;
using actors::place_atom;

namespace {

/// The client answers when it can; the run has a deadline of its own.
constexpr auto answer_within = caf::infinite;

} // namespace

load_driver::load_driver(caf::actor_config& config, load_options options,
                         std::shared_ptr<synthetic_market> market, std::vector<load_party> parties)
    : caf::event_based_actor(config),
      options_(options),
      market_(std::move(market)),
      parties_(std::move(parties)) {
  for (std::size_t p = 0; p < parties_.size(); ++p)
    for (std::size_t s = 0; s < market_->streams(parties_[p].part); ++s)
      lanes_.push_back({p, s, {}});
}

caf::behavior load_driver::make_behavior() {
  return {
      [this](go_atom) { start(); },
      [this](send_due_atom) { send_due(); },
      [this](count_atom) -> load_counts_ptr {
        auto counts = std::make_shared<load_counts>(*counts_);
        counts->taken = std::chrono::steady_clock::now();
        return counts;
      },
      [this](halt_atom) -> caf::response_promise {
        sending_ = false;
        drained_ = make_response_promise();
        delayed_send(this, 10s, drained_atom::value);
        check_drained();
        return drained_;
      },
      [this](drained_atom) {
        if (drained_.pending())
          drained_.deliver(in_flight_);
      },
  };
}

void load_driver::start() {
  sending_ = true;
  started_ = std::chrono::steady_clock::now();
  if (options_.rate > 0) {
    send_due();
    return;
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    fill(i);
}

void load_driver::fill(std::size_t lane) {
  auto most = options_.in_flight > 0 ? options_.in_flight
                                     : usual_in_flight(options_.orders_per_signature);
  auto per_lane = std::max<std::size_t>(1, most / lanes_.size() / options_.orders_per_signature);
  for (std::size_t i = 0; i < per_lane; ++i)
    send_placement(lane, options_.orders_per_signature, {std::chrono::steady_clock::now()});
}

void load_driver::send_placement(std::size_t lane, std::size_t orders,
                                 std::vector<time_point> intended) {
  auto& l = lanes_[lane];
  auto& party = parties_[l.party];
  stream_id stream{static_cast<std::uint8_t>(l.stream)};
  auto done = [this, lane, orders, intended = std::move(intended)](const actors::placed_ptr& what) {
    answered(lane, orders, intended, what);
  };
  auto lost = [this, orders](caf::error& e) {
    counts_->failed += orders;
    counts_->first_failure = home_system().render(e);
    in_flight_ -= orders;
    check_drained();
  };
  in_flight_ += orders;
  counts_->sent += orders;
  auto& ready = party.presigned;
  if (l.stream < ready.size() && !ready[l.stream].empty()) {
    auto one = actors::presigned({std::move(ready[l.stream].back())});
    ready[l.stream].pop_back();
    request(party.client, answer_within, place_atom::value, stream, std::move(one))
        .then(std::move(done), std::move(lost));
    return;
  }
  request(party.client, answer_within, place_atom::value, stream,
          actors::requests(market_->next(party.part, l.stream, orders)))
      .then(std::move(done), std::move(lost));
}

void load_driver::answered(std::size_t lane, std::size_t orders,
                           const std::vector<time_point>& intended,
                           const actors::placed_ptr& what) {
  in_flight_ -= orders;
  auto now = std::chrono::steady_clock::now();
  if (!what->problem) {
    counts_->orders += orders;
    counts_->gaps.add(now);
    for (auto t : intended) {
      auto us = std::chrono::duration_cast<std::chrono::microseconds>(now - t).count();
      counts_->finality.add(static_cast<std::uint64_t>(std::max<std::int64_t>(0, us)),
                            orders / intended.size());
    }
  } else if (what->problem->code == errc::busy) {
    counts_->busy += orders;
  } else {
    counts_->failed += orders;
    if (counts_->first_failure.empty())
      counts_->first_failure = to_string(*what->problem);
  }
  if (sending_ && options_.rate == 0)
    send_placement(lane, options_.orders_per_signature, {now});
  check_drained();
}

void load_driver::send_due() {
  if (!sending_)
    return;
  auto now = std::chrono::steady_clock::now();
  auto due_at = [&](std::uint64_t n) {
    return started_
           + std::chrono::duration_cast<time_point::duration>(
               std::chrono::duration<double>(static_cast<double>(n) / options_.rate));
  };
  for (; due_at(due_orders_) <= now; ++due_orders_) {
    // Orders that may share a signature go to one stream, then the next stream has its turn.
    auto lane = next_lane_ = due_orders_ % options_.orders_per_signature == 0
                                 ? (next_lane_ + 1) % lanes_.size()
                                 : next_lane_;
    lanes_[lane].due.push_back(due_at(due_orders_));
  }
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    if (auto& due = lanes_[i].due; !due.empty()) {
      auto orders = due.size();
      send_placement(i, orders, std::exchange(due, {}));
    }
  auto wait = std::max<time_point::duration>(due_at(due_orders_) - std::chrono::steady_clock::now(),
                                             std::chrono::microseconds(500));
  delayed_send(this, wait, send_due_atom::value);
}

void load_driver::check_drained() {
  if (!sending_ && in_flight_ == 0 && drained_.pending())
    drained_.deliver(in_flight_);
}

} // namespace bourse::bench
