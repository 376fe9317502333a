#include <string_view>

#include <fmt/format.h>

#include "app/explained_order.hpp"
#include "app/market_text.hpp"
#include "app/order_name.hpp"
#include "fairness/execution_order.hpp"
#include "fairness/stamped.hpp"
#include "messages/assert.hpp"

namespace bourse::app {

using namespace messages;
using fairness::block_rank;
using fairness::explained_entry;
using fairness::precedence;

namespace {

std::string_view lane_text(lane l) {
  switch (l) {
    case lane::liquidation:
      return "lane 1 (liquidations)";
    case lane::maker:
      return "lane 2 (makers)";
    case lane::high_value:
      return "lane 3 (high value)";
    case lane::ordinary:
      break;
  }
  return "lane 4 (all others)";
}

std::string short_hex(const digest& d) {
  return to_hex(d.view()).substr(0, 16);
}

class story {
public:
  story(const explained& e, const output& out)
      : e_(e), found_(*e.report.order), words_(e.genesis.market), out_(out) {}

  void tell() {
    auto& entries = found_.block.executed;
    auto place = found_.place;
    auto& audit = e_.report.audit;
    out_.line(fmt::format("{} {} is number {} of the {} that block {} executes",
                          out_.paint(colour::green, "verified"), name(found_.order()), place + 1,
                          entries.size(), block()));
    for (const auto& r : found_.order().body->content.requests)
      out_.line("  " + words_.request(r));
    out_.line(fmt::format(
        "  by {}, executed again from {} up to block {}: {} signatures checked", e_.ledger,
        audit.base == sequence_number{0}
            ? std::string{"the genesis"}
            : fmt::format("the state after block {}, which a quorum signed,", audit.base.value()),
        block(), grouped(static_cast<std::int64_t>(audit.signatures))));
    tell_block();
    out_.line("");
    tell_stamps(found_.order());
    tell_place(found_.order());
    if (place == 0)
      out_.line("\nNothing comes before it.");
    else
      tell_neighbour("before", entries[place - 1], entries[place - 1], found_.order());
    if (place + 1 < entries.size())
      tell_neighbour("after", entries[place + 1], found_.order(), entries[place + 1]);
    else
      out_.line("\nNothing comes after it in this block.");
    tell_cut();
  }

private:
  std::string name(const explained_entry& x) const {
    return submission_name(fairness::about(*x.body).about, e_.genesis.market);
  }
  std::uint64_t block() const {
    return found_.certificate.what.sequence.value();
  }

  void tell_block() {
    std::vector<int> signers;
    for (const auto& commit : found_.certificate.commits)
      signers.push_back(commit.replica.value());
    out_.line(fmt::format("\nBlock {}, committed in view {} by replicas {}. Its time is {},\n"
                          "the greatest that the heads of {} replicas reach:",
                          block(), found_.certificate.what.view.value(), fmt::join(signers, ", "),
                          to_text(found_.block.time), e_.genesis.size.quorum()));
    table heads;
    heads.column("REPLICA", align::right).column("REPORT", align::right);
    heads.column("UP TO (UTC)").column("NAMED BY").column("REACHES IT");
    for (std::size_t i = 0; i < found_.heads.size(); ++i) {
      auto& head = found_.heads[i];
      auto is_new = head.position.index == report_index{0};
      heads.row({std::to_string(i), std::to_string(head.position.index.value()),
                 is_new ? "no report yet" : to_text(head.position.boundary),
                 is_new       ? ""
                 : head.named ? "this block"
                              : "an earlier block",
                 head.reaches ? "yes" : "no"});
    }
    out_.print(heads);
  }

  void tell_stamps(const explained_entry& x) {
    auto nth = e_.genesis.size.weak_quorum();
    out_.line(fmt::format("{} was stamped, and stamp {} is its time:", name(x), nth));
    table stamps;
    stamps.column("STAMP", align::right).column("REPLICA", align::right).column("TIME (UTC)");
    stamps.column("REPORT", align::right).column("COMMITTED IN");
    for (std::size_t i = 0; i < x.stamps.size(); ++i) {
      auto& s = x.stamps[i];
      auto source = found_.source(x, s);
      stamps.row({std::to_string(i + 1), std::to_string(s.by.value()), to_text(s.time),
                  source ? std::to_string(source->report.index.value()) : "",
                  source ? fmt::format("block {}", source->committed.value())
                         : fmt::format("the state after block {}", e_.report.audit.base.value())});
    }
    out_.print(stamps);
  }

  void tell_place(const explained_entry& x) {
    auto own = x.body->content.number;
    out_.line(fmt::format("It ranks by {}, at {}.", rank_text(x), to_text(x.effective_time)));
    if (x.time_from != own)
      out_.line(fmt::format("It waited for number {} of its stream, whose time this is.",
                            x.time_from.value()));
    if (x.lane_from != own)
      out_.line(fmt::format("By itself it has {}; number {} before it in its stream has {}.",
                            lane_text(x.body->lane), x.lane_from.value(),
                            lane_text(x.effective_lane)));
    if (auto n = found_.left_over_by.size(); n > 0)
      out_.line(fmt::format("It was ready before, and behind the cut: {} left it over, from block "
                            "{} to block {}.",
                            n == 1 ? "one block" : fmt::format("{} blocks", n),
                            found_.left_over_by.front().value(),
                            found_.left_over_by.back().value()));
    if (x.reserved)
      out_.line("It is in the quarter of the block that is kept for aged ones of any lane.");
  }

  void tell_neighbour(std::string_view side, const explained_entry& x, const explained_entry& first,
                      const explained_entry& second) {
    out_.line(fmt::format("\nNext {} it is {}:\n{}.", side, name(x), reason_text(first, second)));
    tell_stamps(x);
    if (x.time_from != x.body->content.number)
      out_.line(fmt::format("It waited for number {} of its stream, until {}.", x.time_from.value(),
                            to_text(x.effective_time)));
  }

  void tell_cut() {
    auto& left = found_.block.left_over;
    if (left.empty())
      return;
    out_.line(fmt::format("\nThe block was full: {} more were ready and stay behind the cut. First "
                          "of them is\n{}, which ranks by {}, at {}.",
                          left.size(), name(left[0]), rank_text(left[0]),
                          to_text(left[0].effective_time)));
  }

  const explained& e_;
  const storage::explained_order& found_;
  market_text words_;
  const output& out_;
};

} // namespace

std::string to_text(stamp_time t) {
  return fmt::format("{}{:03}", to_text(fairness::block_time_of(t)), t.value() % 1000);
}

std::string rank_text(const explained_entry& e) {
  switch (e.rank) {
    case block_rank::aged:
      return "age (two blocks or more left it over)";
    case block_rank::others:
      if (e.effective_lane == lane::high_value)
        return "lane 4, since the block has its quota of lane 3 (high value)";
      break;
    default:
      break;
  }
  return std::string{lane_text(e.effective_lane)};
}

std::string reason_text(const explained_entry& first, const explained_entry& second) {
  auto why = fairness::why_before(first, second);
  BOURSE_ASSERT(why.has_value()); // F has put them so
  auto& a = first.body->content;
  auto& b = second.body->content;
  switch (*why) {
    case precedence::number:
      return fmt::format("they are of one stream, and number {} goes before {}", a.number.value(),
                         b.number.value());
    case precedence::rank:
      return fmt::format("{} goes before {}", rank_text(first), rank_text(second));
    case precedence::time:
      return fmt::format("rank is equal, and {} is earlier than {}", to_text(first.effective_time),
                         to_text(second.effective_time));
    case precedence::tie:
      return fmt::format("rank and time are equal, and of the hashes of cluster, block time and "
                         "client's key {} is below {}",
                         short_hex(first.tie), short_hex(second.tie));
    case precedence::stream:
      break;
  }
  return fmt::format("rank, time and client are equal, and stream {} goes before {}",
                     a.stream.value(), b.stream.value());
}

void print_for_people(const explained& e, const output& out) {
  story{e, out}.tell();
}

} // namespace bourse::app
