// The verbs of the actors' messages.
#pragma once

#include <caf/atom.hpp>

namespace bourse::actors {

using send_atom = caf::atom_constant<caf::atom("send")>;
using broadcast_atom = caf::atom_constant<caf::atom("broadcast")>;
using frame_atom = caf::atom_constant<caf::atom("frame")>;
using linked_atom = caf::atom_constant<caf::atom("linked")>;
using unlinked_atom = caf::atom_constant<caf::atom("unlinked")>;
using shut_atom = caf::atom_constant<caf::atom("shut")>;

using admit_atom = caf::atom_constant<caf::atom("admit")>;
using verify_atom = caf::atom_constant<caf::atom("verify")>;
using verified_atom = caf::atom_constant<caf::atom("verified")>;
using refuse_atom = caf::atom_constant<caf::atom("refuse")>;
using grant_atom = caf::atom_constant<caf::atom("grant")>;
using propose_atom = caf::atom_constant<caf::atom("propose")>;
using check_atom = caf::atom_constant<caf::atom("check")>;
using checked_atom = caf::atom_constant<caf::atom("checked")>;

using want_atom = caf::atom_constant<caf::atom("want")>;
using stamps_atom = caf::atom_constant<caf::atom("stamps")>;
using write_atom = caf::atom_constant<caf::atom("write")>;
using written_atom = caf::atom_constant<caf::atom("written")>;
using stable_atom = caf::atom_constant<caf::atom("stable")>;

using persist_atom = caf::atom_constant<caf::atom("persist")>;
using persisted_atom = caf::atom_constant<caf::atom("persisted")>;
using execute_atom = caf::atom_constant<caf::atom("execute")>;
using match_atom = caf::atom_constant<caf::atom("match")>;
using matched_atom = caf::atom_constant<caf::atom("matched")>;
using executed_atom = caf::atom_constant<caf::atom("executed")>;
using save_atom = caf::atom_constant<caf::atom("save")>;
using saved_atom = caf::atom_constant<caf::atom("saved")>;

using blocks_atom = caf::atom_constant<caf::atom("blocks")>;
using bodies_atom = caf::atom_constant<caf::atom("bodies")>;
using position_atom = caf::atom_constant<caf::atom("position")>;
using snapshot_atom = caf::atom_constant<caf::atom("snapshot")>;
using stage_atom = caf::atom_constant<caf::atom("stage")>;
using restart_atom = caf::atom_constant<caf::atom("restart")>;
using silence_atom = caf::atom_constant<caf::atom("silence")>;
using hold_atom = caf::atom_constant<caf::atom("hold")>;
using speak_atom = caf::atom_constant<caf::atom("speak")>;
using serve_atom = caf::atom_constant<caf::atom("serve")>;
using reports_atom = caf::atom_constant<caf::atom("reports")>;
using receipt_atom = caf::atom_constant<caf::atom("receipt")>;
using trades_atom = caf::atom_constant<caf::atom("trades")>;
using book_atom = caf::atom_constant<caf::atom("book")>;
using account_atom = caf::atom_constant<caf::atom("account")>;
using status_atom = caf::atom_constant<caf::atom("status")>;
using digest_atom = caf::atom_constant<caf::atom("digest")>;
using timeline_atom = caf::atom_constant<caf::atom("timeline")>;

using place_atom = caf::atom_constant<caf::atom("place")>;
using ask_atom = caf::atom_constant<caf::atom("ask")>;
using dial_atom = caf::atom_constant<caf::atom("dial")>;

using clock_atom = caf::atom_constant<caf::atom("clock")>;
using flush_atom = caf::atom_constant<caf::atom("flush")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using leave_atom = caf::atom_constant<caf::atom("leave")>;
using left_atom = caf::atom_constant<caf::atom("left")>;
using install_atom = caf::atom_constant<caf::atom("install")>;
using begun_atom = caf::atom_constant<caf::atom("begun")>;
using fill_atom = caf::atom_constant<caf::atom("fill")>;
using renew_atom = caf::atom_constant<caf::atom("renew")>;
using resign_atom = caf::atom_constant<caf::atom("resign")>;
using suspect_atom = caf::atom_constant<caf::atom("suspect")>;
using watch_atom = caf::atom_constant<caf::atom("watch")>;

} // namespace bourse::actors
