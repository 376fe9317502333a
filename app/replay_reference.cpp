#include "app/replay_reference.hpp"

#include <algorithm>
#include <memory>

#include "market/exchange.hpp"
#include "messages/report.hpp"

namespace bourse::app {

using namespace messages;

namespace {

/// One client's requests, a block of one submission at a time.
class reference_run {
public:
  reference_run(const market::rules& rules, const replay_roles& roles)
      : rules_(&rules), roles_(roles), exchange_(rules) {}

  expected<replay_record> run(order_flow& flow) {
    auto full = std::min(rules_->submissions.max_requests, rules_->blocks.max_requests);
    for (;;) {
      auto event = flow.next();
      if (!event)
        return tl::unexpected(event.error());
      if (*event) {
        record_.add(**event);
        requests_.push_back(to_request(**event, roles_));
        time_ = block_time{(*event)->time_ms};
      }
      if (requests_.size() >= full || (!*event && !requests_.empty()))
        if (auto done = execute(); !done)
          return tl::unexpected(done.error());
      if (!*event)
        return std::move(record_);
    }
  }

private:
  expected<void> execute() {
    auto s = std::make_shared<verified_submission>();
    ++blocks_;
    s->content = {roles_.client, stream_id{0}, submission_number{blocks_}, std::move(requests_)};
    s->source.body = encode(s->content);
    s->digest = hash(s->source.body);
    s->lane = market::lane_of(s->content, *rules_);
    requests_.clear();
    market::block_input block;
    block.sequence = sequence_number{blocks_};
    block.block_digest = s->digest; // no one compares it
    block.time = time_;
    block.submissions.push_back(std::move(s));
    for (const auto& mine : exchange_.execute(block).reports) {
      if (mine.client != roles_.client)
        continue;
      auto reports = decode_reports(mine.encoded, mine.count);
      if (!reports)
        return tl::unexpected(reports.error());
      for (const auto& r : *reports)
        record_.apply(r);
    }
    return {};
  }

  const market::rules* rules_;
  replay_roles roles_;
  market::exchange exchange_;
  replay_record record_;
  std::vector<request> requests_;
  block_time time_;
  std::uint64_t blocks_ = 0;
};

} // namespace

expected<replay_record> run_reference(order_flow& flow, const market::rules& rules,
                                      const replay_roles& roles) {
  return reference_run{rules, roles}.run(flow);
}

} // namespace bourse::app
