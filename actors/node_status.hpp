// One JSON object out of the statuses of all actors.
#pragma once

#include <map>
#include <string>

#include "actors/context.hpp"

namespace bourse::actors {

/// `parts` by actor, each a JSON object. What readers most ask for stands at the top:
///
///   replica, cluster, version    who this is
///   view, primary                who leads
///   executed, committed, chain   how far the log is, and its digest there
///   stable {sequence, state}     the stable checkpoint: equal on all replicas
///   state {sequence, digest}     the state now, if it was asked for
///   blocks, requests, submissions, trades, reports
///   signatures {submissions, votes, made}, syncs
///   phases                       by phase, p50_us and p99_us of the latest blocks
///   rss_bytes, cpu_us            memory; processor time by component
///   clients, peers               how many are connected
std::string node_status(const node_context& context,
                        const std::map<std::string, std::string>& parts, const std::string& more);

} // namespace bourse::actors
