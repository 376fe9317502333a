// Who may say what to whom inside a node: every actor's typed interface on one page. docs/
// ARCHITECTURE.md draws the map. Actors are thin: the decisions are in consensus/, fairness/ and
// market/.
#pragma once

#include <memory>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "actors/atoms.hpp"
#include "actors/client_types.hpp"
#include "actors/payloads.hpp"
#include "messages/batch.hpp"

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::shared_bytes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::digest)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::statement)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::replica_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::client_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::account_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::instrument_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::sequence_number)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::report_number)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::channel)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::fetch_blocks)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::fetch_bodies)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::fetch_reports)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::report_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::submissions_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::digests_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::order_parts_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::consensus::execution)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::consensus::proposal_grant)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::consensus::proposal_check)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::consensus::suspicion)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::optional<bourse::consensus::silence>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::consensus::work_seen)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::view_number)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::departure_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::installation_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::session_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::admission_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::verification_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::refusals_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::full_block_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::persist_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::execution_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::work_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::match_result_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::executed_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::checkpoint_pages_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::stored_reports_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::position_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::snapshot_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::staged_pages_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::state_offer_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::open_orders_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::answer)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::messages::stream_id)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::requests_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::presigned_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::placed_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::report_batch_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::question)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::question_answer_ptr)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::stream_positions_ptr)

namespace bourse::actors {

/// Handles of a node's actors. Each actor's first message is a start_atom with them; none speaks
/// before all have theirs.
struct routes;
using routes_ptr = std::shared_ptr<const routes>;

// One message a line, each behind its comment.
// clang-format off

/// One authenticated connection to a replica or client: a CAF broker, or memory in tests.
using link_actor = caf::typed_actor<
  /// Put one message into the outbox; dropped and counted if the outbox is over its cap.
  caf::reacts_to<send_atom, channel, shared_bytes>,
  /// Close the connection; the link ends.
  caf::reacts_to<shut_atom>>;

/// PBFT: carries out what consensus::replica_core decides.
using replica_actor = caf::typed_actor<
  caf::reacts_to<start_atom, routes_ptr>,
  /// A frame from a peer's link; takes the messages of channel::consensus.
  caf::reacts_to<frame_atom, replica_id, frame_ptr>,
  /// From the sequencer: the answer to a grant.
  caf::reacts_to<propose_atom, full_block_ptr>,
  /// From the sequencer: the answer to a check, of a first proposal or not; the block is null if it
  /// is unacceptable.
  caf::reacts_to<checked_atom, statement, bool, full_block_ptr>,
  /// From the ledger: everything up to this ticket is on the disk.
  caf::reacts_to<persisted_atom, std::uint64_t>,
  /// From the clearing house: a block is executed.
  caf::reacts_to<executed_atom, executed_ptr>,
  /// From the ledger: the pages of a checkpoint are on the disk (sequence, state digest).
  caf::reacts_to<saved_atom, sequence_number, digest>,
  /// From the view-change manager: leave the current view for this one ...
  caf::reacts_to<leave_atom, view_number>,
  /// ... and begin it with its NEW-VIEW.
  caf::reacts_to<install_atom, installation_ptr>,
  /// From state transfer: a newcomer takes part from now on.
  caf::reacts_to<speak_atom>,
  /// ... and: a state is on its way, so blocks need not be fetched; or no more.
  caf::reacts_to<hold_atom, bool>,
  /// Its own clock.
  caf::reacts_to<clock_atom>,
  /// JSON for `status`: view, progress, open slots, counters.
  caf::replies_to<status_atom>::with<std::string>,
  /// JSON: phase times of the latest blocks.
  caf::replies_to<timeline_atom, std::uint32_t>::with<std::string>>;

/// The view-change manager: suspects the primary, agrees with the others to leave a view, and makes
/// or checks what the next one begins with. Carries out what consensus::view_manager decides.
using view_change_actor = caf::typed_actor<
  caf::reacts_to<start_atom, routes_ptr>,
  /// A frame from a peer's link; takes the messages of channel::view.
  caf::reacts_to<frame_atom, replica_id, frame_ptr>,
  /// From the replica: the old view is left, durably, and this is what the VIEW-CHANGE says ...
  caf::reacts_to<left_atom, departure_ptr>,
  /// ... and: the view has begun, durably.
  caf::reacts_to<begun_atom, view_number>,
  /// Something that counts against the primary.
  caf::reacts_to<suspect_atom, consensus::suspicion>,
  /// From the sequencer: what is executed, and what waits.
  caf::reacts_to<watch_atom, consensus::work_seen>,
  /// A peer's link came up or went down.
  caf::reacts_to<linked_atom, replica_id>,
  caf::reacts_to<unlinked_atom, replica_id>,
  /// From the supervisor: this node is to lead no more.
  caf::reacts_to<resign_atom>,
  /// From state transfer: a newcomer takes part from now on.
  caf::reacts_to<speak_atom>,
  caf::reacts_to<clock_atom>,
  caf::replies_to<status_atom>::with<std::string>>;

/// Checks signatures and decodes; several of them share the load.
using verifier_actor = caf::typed_actor<
  /// Fills in the findings and hands it back.
  caf::replies_to<verify_atom, verification_ptr>::with<verified_atom, verification_ptr>>;

/// Admits what clients send, holds it, and finds bodies that others have.
using mempool_actor = caf::typed_actor<
  caf::reacts_to<start_atom, routes_ptr>,
  /// From the gateway: a client's submissions.
  caf::reacts_to<admit_atom, admission_ptr>,
  /// From a verifier.
  caf::reacts_to<verified_atom, verification_ptr>,
  /// A frame from a peer's link; takes the messages of channel::bodies.
  caf::reacts_to<frame_atom, replica_id, frame_ptr>,
  /// From the sequencer: these were asked of peers.
  caf::reacts_to<want_atom, digests_ptr>,
  /// From the clearing house: a block is executed.
  caf::reacts_to<executed_atom, executed_ptr>,
  caf::replies_to<status_atom>::with<std::string>>;

/// Fair order: carries out what fairness::sequencing decides.
using sequencer_actor = caf::typed_actor<
  caf::reacts_to<start_atom, routes_ptr>,
  /// A frame from a peer's link; takes the messages of channel::stamps.
  caf::reacts_to<frame_atom, replica_id, frame_ptr>,
  /// From the mempool: verified bodies.
  caf::reacts_to<bodies_atom, submissions_ptr>,
  /// From the mempool, for a peer that lacks bodies which the mempool does not hold.
  caf::reacts_to<bodies_atom, replica_id, fetch_bodies>,
  /// From the ledger: this replica's own report is synced, with the bodies that it stamps.
  caf::reacts_to<written_atom, report_ptr>,
  /// From the replica: name heads for the next block, when there is reason for one.
  caf::reacts_to<grant_atom, consensus::proposal_grant>,
  /// From the replica: a view has begun, and proposals of earlier ones are over.
  caf::reacts_to<renew_atom, view_number>,
  /// From state transfer: blocks are owed up to this one, empty if there are no orders.
  caf::reacts_to<fill_atom, sequence_number>,
  /// From the replica: is this block acceptable, and all here that a vote for it rests on?
  caf::reacts_to<check_atom, consensus::proposal_check>,
  /// From the replica: a final block, strictly in order, for the clearing house.
  caf::reacts_to<execute_atom, consensus::execution>,
  /// From the replica: this checkpoint is stable.
  caf::reacts_to<stable_atom, sequence_number>,
  /// From the clearing house: a block is executed.
  caf::reacts_to<executed_atom, executed_ptr>,
  caf::reacts_to<clock_atom>,
  caf::replies_to<status_atom>::with<std::string>>;

/// Hands out states to replicas that are far behind, and fetches one if this one is. Decides when
/// a newcomer takes part.
using state_transfer_actor = caf::typed_actor<
  caf::reacts_to<start_atom, routes_ptr>,
  /// A frame from a peer's link; takes the messages of channel::state.
  caf::reacts_to<frame_atom, replica_id, frame_ptr>,
  /// From the replica: where it stands now.
  caf::reacts_to<position_atom, position_ptr>,
  /// From the ledger: the database at a checkpoint that all replicas hand out.
  caf::reacts_to<snapshot_atom, snapshot_ptr>,
  /// A peer's link came up.
  caf::reacts_to<linked_atom, replica_id>,
  /// Answer the next question.
  caf::reacts_to<serve_atom>,
  caf::reacts_to<clock_atom>,
  caf::replies_to<status_atom>::with<std::string>>;

/// Where the frames of peers go: straight from the link to whoever takes a channel's messages.
struct peer_routes {
  replica_actor replica;
  mempool_actor mempool;
  sequencer_actor sequencer;
  view_change_actor view_change;
  state_transfer_actor transfer;
};

/// The links to all other replicas. Dials, reconnects, says who is there.
using peers_actor = caf::typed_actor<
  /// Begin to listen and dial, and deliver what arrives to these.
  caf::reacts_to<start_atom, peer_routes>,
  /// To one replica; dropped if it is not connected.
  caf::reacts_to<send_atom, replica_id, channel, shared_bytes>,
  /// To all others.
  caf::reacts_to<broadcast_atom, channel, shared_bytes>,
  /// A link finished its handshake ...
  caf::reacts_to<linked_atom, replica_id, link_actor>,
  /// ... or ended, or could not be made (then the handle is null).
  caf::reacts_to<unlinked_atom, replica_id, link_actor>,
  /// Dial whoever is missing.
  caf::reacts_to<clock_atom>,
  /// JSON for `status`: links up, bytes, drops.
  caf::replies_to<status_atom>::with<std::string>>;

/// Accounts and settlement; leads the matchers through each block.
using clearing_actor = caf::typed_actor<
  caf::reacts_to<start_atom, routes_ptr>,
  /// From the sequencer: execute, strictly in order.
  caf::reacts_to<execute_atom, execution_ptr>,
  /// From a matcher.
  caf::reacts_to<matched_atom, match_result_ptr>,
  /// Readers, by way of the gateway: a view as of the given sequence number, waiting for it if it
  /// is near; as of now if it is 0.
  caf::replies_to<account_atom, account_id, sequence_number>::with<answer>,
  caf::replies_to<book_atom, instrument_id, std::uint32_t, sequence_number>::with<answer>,
  /// The state digest as of the last executed block, checkpoint or not.
  caf::replies_to<digest_atom>::with<sequence_number, digest>,
  caf::replies_to<status_atom>::with<std::string>>;

/// One instrument's book.
using matcher_actor = caf::typed_actor<
  /// From the clearing house: one block's work; bool: dirty pages are wanted with the answer.
  caf::replies_to<match_atom, work_ptr, bool>::with<matched_atom, match_result_ptr>,
  /// From the clearing house, between blocks: the pages that changed since they were last taken.
  caf::replies_to<digest_atom>::with<match_result_ptr>,
  /// Readers, between blocks, by way of the clearing house: an encoded book_view ...
  caf::replies_to<book_atom, std::uint32_t>::with<std::string>,
  /// ... and the account's orders in this book.
  caf::replies_to<account_atom, account_id>::with<open_orders_ptr>>;

/// The only one that touches the database. Everything that waits shares one synced write.
using ledger_actor = caf::typed_actor<
  caf::reacts_to<start_atom, routes_ptr>,
  /// From the replica; answered by persisted_atom when synced, if it has a ticket.
  caf::reacts_to<persist_atom, persist_ptr>,
  /// From the sequencer; what it writes is synced with whatever is persisted next.
  caf::reacts_to<write_atom, order_parts_ptr>,
  /// From the clearing house: results, written with the next group commit.
  caf::reacts_to<executed_atom, executed_ptr>,
  /// From the clearing house: a checkpoint's pages; the replica is told by saved_atom when
  /// synced.
  caf::reacts_to<save_atom, checkpoint_pages_ptr>,
  /// Write what has gathered: something waits for it ...
  caf::reacts_to<flush_atom>,
  /// ... or it has gathered for long enough.
  caf::reacts_to<clock_atom>,
  /// For a peer that is behind: sends committed blocks to it.
  caf::reacts_to<blocks_atom, replica_id, fetch_blocks>,
  /// For a peer that lacks bodies which nobody here holds in memory.
  caf::reacts_to<bodies_atom, replica_id, fetch_bodies>,
  /// For a peer that lacks reports which the sequencer no longer holds.
  caf::reacts_to<stamps_atom, replica_id, fetch_reports>,
  /// Goes on with what peers asked for.
  caf::reacts_to<serve_atom>,
  /// A client's past reports: the blocks from the one that holds this report on.
  caf::replies_to<reports_atom, client_id, report_number>::with<stored_reports_ptr>,
  /// An encoded receipt_share, or not_found.
  caf::replies_to<receipt_atom, client_id, report_number>::with<answer>,
  /// An encoded trades_view as of the given sequence number, which must be executed; as of the last
  /// executed one if it is 0.
  caf::replies_to<trades_atom, instrument_id, std::uint32_t, sequence_number>::with<answer>,
  /// From state transfer: the database as it is now ...
  caf::replies_to<snapshot_atom>::with<snapshot_ptr>,
  /// ... pages to keep for later, answered once they are written ...
  caf::replies_to<stage_atom, staged_pages_ptr>::with<stage_atom>,
  /// ... and: they are complete, the node is to begin anew with them. False if it is ahead already.
  caf::replies_to<install_atom, state_offer_ptr>::with<bool>,
  /// ... and: why this replica does not take part yet, or nothing; answered once that is synced.
  caf::replies_to<silence_atom, std::optional<consensus::silence>>::with<silence_atom>,
  caf::replies_to<status_atom>::with<std::string>>;

/// The clients' door: sessions, credit, results, queries.
using gateway_actor = caf::typed_actor<
  caf::reacts_to<start_atom, routes_ptr>,
  /// A client's link finished its handshake ...
  caf::reacts_to<linked_atom, session_id, client_id, link_actor>,
  /// ... sent a frame (channel::client) ...
  caf::reacts_to<frame_atom, session_id, frame_ptr>,
  /// ... or ended.
  caf::reacts_to<unlinked_atom, session_id>,
  /// From the mempool.
  caf::reacts_to<refuse_atom, refusals_ptr>,
  /// From the clearing house: results to hand out.
  caf::reacts_to<executed_atom, executed_ptr>,
  caf::reacts_to<clock_atom>,
  caf::replies_to<status_atom>::with<std::string>>;

/// Owns, watches and ends all of the above.
using supervisor_actor = caf::typed_actor<
  /// Ends the node: no more admissions, what is durable stays so.
  caf::reacts_to<stop_atom>,
  /// From the ledger: it holds another state now. The node ends, to be started again at once.
  caf::reacts_to<restart_atom>,
  /// JSON: everybody's status in one object. With true, the state digest as of the last executed
  /// block is computed, which costs a little.
  caf::replies_to<status_atom, bool>::with<std::string>,
  /// One more child: the door, which opens last and closes first.
  caf::reacts_to<watch_atom, caf::actor>,
  /// A child does not end in time.
  caf::reacts_to<clock_atom>>;

/// Told a client's execution reports: batches in the order of report numbers, of one block each,
/// without gap or duplicate, each said by f+1 replicas.
using report_sink = caf::typed_actor<caf::reacts_to<reports_atom, report_batch_ptr>>;

/// A trader's end, in whatever process: what a program attaches to the exchange.
using client_actor = caf::typed_actor<
  // -- from the program
  /// Requests that execute in this order on one of the client's streams, after all that was
  /// placed on it before. Answered once f+1 replicas agree on what became of them, or at once if
  /// nothing will. It takes as long as it takes: the deadline is the asker's.
  caf::replies_to<place_atom, stream_id, requests_ptr>::with<placed_ptr>,
  /// Submissions that were signed before, with the numbers that the stream will give them.
  caf::replies_to<place_atom, stream_id, presigned_ptr>::with<placed_ptr>,
  /// A question about the market, the account, the replicas, or for a receipt.
  caf::replies_to<ask_atom, question>::with<question_answer_ptr>,
  /// Tell this actor all reports from now on.
  caf::reacts_to<watch_atom, report_sink>,
  /// Answered once enough replicas have said where the client's streams stand.
  caf::replies_to<start_atom>::with<stream_positions_ptr>,
  /// JSON: links, what is in flight, what was sent again, which replicas contradicted the others.
  caf::replies_to<status_atom>::with<std::string>,
  /// Ends the client and its links. What was placed may still execute.
  caf::reacts_to<shut_atom>,
  // -- from its links and itself
  /// A link to a replica finished its handshake ...
  caf::reacts_to<linked_atom, replica_id, link_actor>,
  /// ... brought a frame (channel::client) ...
  caf::reacts_to<frame_atom, replica_id, frame_ptr>,
  /// ... or ended, or could not be made (then the handle is null).
  caf::reacts_to<unlinked_atom, replica_id, link_actor>,
  /// It is time to dial that replica.
  caf::reacts_to<dial_atom, replica_id>,
  caf::reacts_to<clock_atom>>;

// clang-format on

struct routes {
  supervisor_actor supervisor;
  replica_actor replica;
  view_change_actor view_change;
  mempool_actor mempool;
  sequencer_actor sequencer;
  clearing_actor clearing;
  ledger_actor ledger;
  gateway_actor gateway;
  peers_actor peers;
  state_transfer_actor transfer;
};

} // namespace bourse::actors

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::peer_routes)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(bourse::actors::routes_ptr)
