/* Bourse's view change, for spin: does it ever let two values be final in one slot?

   Run it with scripts/model, which knows the bounds and the mutants; docs/PROTOCOL.md, "What was
   checked by machine", says what was found. Numbers in brackets are sections of that file.

   Four replicas, f = 1. One of them, any, is Byzantine. Views 0 to VIEWS - 1, the primary of view v
   is replica v mod 4. In each of SLOTS slots (sequence numbers) the values a, b and null, the null
   block, can be voted for. A slot's value is final once 2f+1 replicas have committed it in one view.

   What is not in it: time, suspicion, loss, and everything else that only delays. A replica leaves a
   view whenever it likes, and a message that was sent is received at any later time or never. So
   there are no channels: what was said is a set that only grows, and a rule looks at what is in it.
   Signatures can't be forged, hashes don't collide, bodies and blocks are always to be had.

   The Byzantine replica has said everything that needs no more than its own signature, from the
   start: it has prepared and committed (and, as primary, proposed) every value everywhere. Whether
   an honest one has heard it is open, as ever. In a VIEW-CHANGE it may hold back what it knows and
   show any certificate and checkpoint for which there are enough votes; as primary it may hand each
   honest replica another NEW-VIEW. It can't do more, as all else is refused by the checks of [9]:
   the mutants UNVERIFIED and UNCHECKED leave those out.

   The rules, one inline each, of an honest replica r:

     leave      it enters the next view and says its VIEW-CHANGE [9, VIEW-CHANGE]: r votes in no
                lower view from now on. (To jump over a view is to enter it, and say nothing in it.)
                What the VIEW-CHANGE says follows from r's own commits, since r writes the prepared
                certificate with its commit [6.4]: it need not be stored.
     begin      r as primary makes its NEW-VIEW, once, from any 2f+1 VIEW-CHANGEs [9, NEW-VIEW]
     install    r takes the primary's NEW-VIEW; of a Byzantine primary, any that its checks pass
     prepare    r votes first in a slot [6.2, 6.3]: only for what the NEW-VIEW names there; in a slot
                above all that it names, for a or b, which the primary proposes
     commit     r has a prepared certificate [6.4]: the primary's word and 2f prepares
     adopt      r learns of a stable checkpoint [8]: it drops certificates up to there, and votes
                there no more. There is a proof once the slots up to there are final: any later
                moment at which 2f+1 have signed differs only in what is possible by then.
     restart    r loses what is not durable [10, Restart]. A vote is in the set when it is synced, as
                nothing leaves before. What can be lost is the NEW-VIEW of r's view, until r votes in
                it: then r waits for one again, and says its VIEW-CHANGE again, as of now.

   SLOTS = 1 stands for one slot of any log: slots above it may have been prepared or not, so a
   NEW-VIEW without a certificate for it names null or nothing, as it likes. SLOTS = 2 are the first
   two slots of a log, with a checkpoint after each.

   In a new slot a and b can be swapped: so b is not proposed before either has been voted for.

   -DORDERED searches less, by an argument instead of by force. Votes only make more possible, but
   for r's own next vote in the same slot and view. So a run can be rearranged: all leave for view 1,
   it begins, all prepare in it, all commit in it, then the same for view 2, each in a fixed turn; and
   what anybody then sees of lower views is not less than before. And it can be filled up: who may
   prepare does; who may commit in the last view does, since nobody looks at it later. Checkpoints are
   adopted between two views: one that is adopted later means that a NEW-VIEW begins further up, and
   one that begins further down names the same in the slots above. Last, what can't matter any more is
   forgotten when a view is over (see `archive`). */

#ifndef VIEWS
#define VIEWS 3
#endif
#ifndef SLOTS
#define SLOTS 1
#endif
#define N 4

/* Each of these breaks one rule, and must be found out. */
#define QUORUM_2F 1   /* 2f replicas are a quorum, everywhere */
#define LOWEST 2      /* of the certificates of a NEW-VIEW that of the lowest view counts */
#define UNVERIFIED 3  /* nobody verifies certificates in a VIEW-CHANGE */
#define DROPPED 4     /* VIEW-CHANGEs say nothing of what was prepared */
#define FORGETFUL 5   /* a restarted replica knows its votes of this view no more */
#define ONE_VIEW 6    /* VIEW-CHANGEs have only what was prepared in the view just left */
#define FAITHLESS 7   /* a replica votes in a view after its VIEW-CHANGE to the next */
#define UNCHECKED 8   /* backups believe the primary what follows from the VIEW-CHANGEs */
#define OLDEST 9      /* a NEW-VIEW begins at the lowest checkpoint of its VIEW-CHANGEs */
#ifndef MUTANT
#define MUTANT 0
#endif

/* Each of these is possible, and the search must say so: else it would prove nothing. */
#define FINAL_TWICE 1      /* a is final in view 0, and again in view 2 */
#define FINAL_LATE 2       /* b is final in view 2 although a was prepared in view 0 */
#define FINAL_NULL 3       /* null is final in the slot */
#define TWO_NEW_VIEWS 4    /* two honest replicas have begun a view with two NEW-VIEWs */
#define AFTER_CHECKPOINT 5 /* slot 2 is prepared in a view that began at checkpoint 1 */
#define NULL_BELOW 6       /* null is final in slot 1, and a in slot 2 */
#ifndef REACH
#define REACH 0
#endif

mtype = { null, b, a } /* they count from the right: a is 1, b 2, null 3 */
#define FREE 0         /* nothing is named */

#if MUTANT == QUORUM_2F
#define QUORUM 2
#else
#define QUORUM 3
#endif

/* -- what there is ----------------------------------------------------------------------------- */

byte byz;                       /* the Byzantine replica */
byte votes[VIEWS * SLOTS * 3];  /* by view, slot, value: who prepared it (4 bits), who committed it */
byte final[SLOTS];              /* what is final, if anything is; follows from votes */
byte view[N];                   /* by replica: the view that it has entered */
byte plan[N];                   /* by replica: what the NEW-VIEW of its view says, 0: not begun */
byte new_view[VIEWS];           /* of honest primaries: what their NEW-VIEWs say, 0: not made */
#if SLOTS > 1
byte low[N];                    /* by replica: its stable checkpoint */
byte said[VIEWS * N];           /* by view and replica: the checkpoints of its VIEW-CHANGEs, bits */
#endif
#if MUTANT == FORGETFUL
byte forgot[VIEWS];             /* by view: who has forgotten its votes */
#endif
/* Used within a step, and 0 between two. */
byte members, base, r_, s_, w_, best_view, best, own_view, own, above, named_1, named_2, made;

#define HONEST(r) ((r) != byz)
#define PRIMARY(v) ((v) % N)
#define AT(v, s, x) (((v) * SLOTS + (s) - 1) * 3 + (x) - 1)
#define PREPARED(r, v, s, x) ((votes[AT(v, s, x)] >> (r)) & 1)
#define COMMITTED(r, v, s, x) ((votes[AT(v, s, x)] >> (4 + (r))) & 1)
#define ONES(m) (((m) & 1) + (((m) >> 1) & 1) + (((m) >> 2) & 1) + (((m) >> 3) & 1))
#define CERTIFICATE(v, s, x) \
  (PREPARED(PRIMARY(v), v, s, x) && ONES(votes[AT(v, s, x)]) >= QUORUM)
#define FINAL_IN(v, s, x) (ONES(votes[AT(v, s, x)] >> 4) >= QUORUM)
#define HONEST_VOTES(v, s, x) (votes[AT(v, s, x)] & ~(17 << byz))
#if VIEWS == 2
#define USED(s, x) (HONEST_VOTES(0, s, x) || HONEST_VOTES(1, s, x))
#elif VIEWS == 3
#define USED(s, x) (HONEST_VOTES(0, s, x) || HONEST_VOTES(1, s, x) || HONEST_VOTES(2, s, x))
#else
#define USED(s, x) (HONEST_VOTES(0, s, x) || HONEST_VOTES(1, s, x) || HONEST_VOTES(2, s, x) \
  || HONEST_VOTES(3, s, x))
#endif
#define NEW_NAME(s, x) ((x) == a || (x) == b && (USED(s, a) || USED(s, b)))
#if MUTANT == FORGETFUL
#define VOTED(r, v, s) (!((forgot[v] >> (r)) & 1) && HAS_VOTED(r, v, s))
#else
#define VOTED(r, v, s) HAS_VOTED(r, v, s)
#endif
#define HAS_VOTED(r, v, s) (PREPARED(r, v, s, a) || PREPARED(r, v, s, b) || PREPARED(r, v, s, null))

/* What a NEW-VIEW says, in one byte: where it begins, and what it names in each slot above. */
#define PLAN(base, one, two) (1 + (base) + 3 * ((one) + 4 * (two)))
#define BASE(p) (((p) - 1) % 3)
#define NAMED(p, s) (((p) - 1) / ((s) == 1 -> 3 : 12) % 4)

#if SLOTS > 1
#define LOW(r) low[r]
#define PROVED(k) ((k) == 1 && final[0] != 0 || (k) == 2 && final[0] != 0 && final[SLOTS - 1] != 0)
#define SAID(r, v) (said[(v) * N + (r)] != 0)
#else
#define LOW(r) 0
#define PROVED(k) false
#if MUTANT == FAITHLESS
#define SAID(r, v) (view[r] + 1 >= (v))
#else
#define SAID(r, v) (view[r] >= (v))
#endif
#endif

#ifdef ORDERED
#define LEAVING 0
#define BEGINNING 1
#define PREPARING 2
#define COMMITTING 3
byte now_view, phase, turn;
#define NOW (turn + now_view) % N /* whose turn it is: the primary's first */
#define TURN(p, v, r) (phase == p && now_view == (v) && NOW == (r))
#else
#define TURN(p, v, r) true
#endif

#if REACH == FINAL_TWICE
#define REACHED (FINAL_IN(0, 1, a) && FINAL_IN(2, 1, a))
#elif REACH == FINAL_LATE
#define REACHED (HONEST_VOTES(0, 1, a) && FINAL_IN(2, 1, b))
#elif REACH == FINAL_NULL
#define REACHED (final[0] == null)
#elif REACH == TWO_NEW_VIEWS
#define TWO(r, t) (plan[r] && plan[t] && view[r] == view[t] && plan[r] != plan[t])
#define REACHED (TWO(0, 1) || TWO(0, 2) || TWO(0, 3) || TWO(1, 2) || TWO(1, 3) || TWO(2, 3))
#elif REACH == AFTER_CHECKPOINT
#define AFTER(r) (HONEST(r) && plan[r] && BASE(plan[r]) == 1 && HAS_VOTED(r, view[r], SLOTS))
#define REACHED (AFTER(0) || AFTER(1) || AFTER(2) || AFTER(3))
#elif REACH == NULL_BELOW
#define REACHED (final[0] == null && final[SLOTS - 1] == a)
#else
#define REACHED false
#endif

/* -- the rules --------------------------------------------------------------------------------- */

#define MAY_PREPARE(r, s, x) (TURN(PREPARING, view[r], r) && HONEST(r) && plan[r] != 0 \
  && (s) > LOW(r) && (s) > BASE(plan[r]) && !VOTED(r, view[r], s) \
  && (NAMED(plan[r], s) == (x) || NAMED(plan[r], s) == FREE && (x) != null \
      && (NEW_NAME(s, x) || HONEST(PRIMARY(view[r])) && (r) != PRIMARY(view[r]))) \
  && ((r) == PRIMARY(view[r]) || PREPARED(PRIMARY(view[r]), view[r], s, x)))

inline prepare(r, s, x) {
  d_step {
    MAY_PREPARE(r, s, x) ->
    votes[AT(view[r], s, x)] = votes[AT(view[r], s, x)] | (1 << r);
#if MUTANT == FORGETFUL
    forgot[view[r]] = forgot[view[r]] & ~(1 << r);
#endif
    printf("replica %d prepares %e in slot %d, view %d\n", r, x, s, view[r]);
    assert(!REACHED)
  }
}

#define MAY_COMMIT(r, s, x) (TURN(COMMITTING, view[r], r) && HONEST(r) && (s) > LOW(r) \
  && PREPARED(r, view[r], s, x) && CERTIFICATE(view[r], s, x) && !COMMITTED(r, view[r], s, x))

inline commit(r, s, x) {
  d_step {
    MAY_COMMIT(r, s, x) ->
    votes[AT(view[r], s, x)] = votes[AT(view[r], s, x)] | (16 << r);
    printf("replica %d commits %e in slot %d, view %d\n", r, x, s, view[r]);
    if
    :: FINAL_IN(view[r], s, x) ->
       printf("%e is final in slot %d by the commits of view %d\n", x, s, view[r]);
       assert(final[s - 1] == 0 || final[s - 1] == x); /* agreement */
       final[s - 1] = x
    :: else
    fi;
    assert(!REACHED)
  }
}

inline leave(r) {
  d_step {
    TURN(LEAVING, view[r] + 1, r) && HONEST(r) && view[r] < VIEWS - 1 ->
    view[r] = view[r] + 1;
    plan[r] = 0;
#if SLOTS > 1
    said[view[r] * N + r] = 1 << low[r];
    printf("replica %d enters view %d, with checkpoint %d\n", r, view[r], low[r])
#else
    printf("replica %d enters view %d\n", r, view[r])
#endif
  }
}

inline adopt(r, k) {
  d_step {
    TURN(LEAVING, view[r] + 1, r) && HONEST(r) && LOW(r) < k && PROVED(k) ->
    low[r] = k;
    printf("replica %d learns that checkpoint %d is stable\n", r, k)
  }
}

/* Who has begun as primary has synced its NEW-VIEW. */
#define MAY_RESTART(r) (HONEST(r) && view[r] > 0 && (plan[r] == 0 || (r) != PRIMARY(view[r])) \
  && !HAS_VOTED(r, view[r], 1) && !HAS_VOTED(r, view[r], SLOTS))

inline restart(r) {
  d_step {
#if MUTANT == FORGETFUL
    HONEST(r) && !((forgot[view[r]] >> r) & 1) && HAS_VOTED(r, view[r], 1) ->
    forgot[view[r]] = forgot[view[r]] | (1 << r);
#else
    MAY_RESTART(r) ->
    plan[r] = 0;
#endif
#if SLOTS > 1
    said[view[r] * N + r] = said[view[r] * N + r] | (1 << low[r]);
#endif
    printf("replica %d restarts\n", r)
  }
}

/* -- what follows from 2f+1 VIEW-CHANGEs ------------------------------------------------------- */

#define MEMBER(r, q) (((q) >> (r)) & 1)
#define THERE(r, q, v) (!MEMBER(r, q) || !HONEST(r) || SAID(r, v))
#define ALL_THERE(q, v) (THERE(0, q, v) && THERE(1, q, v) && THERE(2, q, v) && THERE(3, q, v))
#if MUTANT == QUORUM_2F
#define QUORUM_THERE(v) (ALL_THERE(3, v) || ALL_THERE(5, v) || ALL_THERE(6, v) \
  || ALL_THERE(9, v) || ALL_THERE(10, v) || ALL_THERE(12, v))
#else
#define QUORUM_THERE(v) (ALL_THERE(7, v) || ALL_THERE(11, v) || ALL_THERE(13, v) \
  || ALL_THERE(14, v))
#endif

#if MUTANT == LOWEST
#define COUNTS(w) (best_view == 0 || (w) < best_view)
#else
#define COUNTS(w) ((w) > best_view)
#endif

/* A VIEW-CHANGE has certificates above its checkpoint only. */
#if SLOTS > 1
#define COVERS(r, v, s) ((said[(v) * N + (r)] & ((1 << (s)) - 1)) != 0)
#else
#define COVERS(r, v, s) true
#endif

/* The newest certificate of honest r: a view + 1, and a value. */
inline look_up(r, v, s) {
  own_view = 0;
  own = 0;
#if MUTANT == ONE_VIEW
  w_ = v - 1;
#else
  w_ = 0;
#endif
  do
  :: w_ < v && MUTANT != DROPPED && COVERS(r, v, s) ->
     if
     :: COMMITTED(r, w_, s, a) -> own_view = w_ + 1; own = a
     :: COMMITTED(r, w_, s, b) -> own_view = w_ + 1; own = b
     :: COMMITTED(r, w_, s, null) -> own_view = w_ + 1; own = null
     :: else
     fi;
     w_++
  :: else -> break
  od;
  w_ = 0
}

inline best_of_honest(v, s) {
  d_step {
    best_view = 0;
    best = FREE;
    do
    :: r_ < N ->
       if
       :: MEMBER(r_, members) && HONEST(r_) ->
          look_up(r_, v, s);
          if :: own != 0 && COUNTS(own_view) -> best_view = own_view; best = own :: else fi
       :: else
       fi;
       r_++
    :: else -> break
    od;
    r_ = 0; own_view = 0; own = 0
  }
}

/* The Byzantine one may show one that counts more, if there is one. */
#define SHOWS(w, v, s, x) :: (w) < (v) && COUNTS((w) + 1) && CERTIFICATE(w, s, x) -> best = x
#define SHOWS_OF(w, v, s) SHOWS(w, v, s, a) SHOWS(w, v, s, b) SHOWS(w, v, s, null)

inline best_of_all(v, s) {
  best_of_honest(v, s);
  if
  :: MEMBER(byz, members) ->
     if
     :: skip
     SHOWS_OF(0, v, s)
#if VIEWS > 2
     SHOWS_OF(1, v, s)
#endif
#if VIEWS > 3
     SHOWS_OF(2, v, s)
#endif
#if MUTANT == UNVERIFIED
     :: best = a
     :: best = b
#endif
     fi
  :: else
  fi;
  best_view = 0
}

#define CHANGE(r, k) ((said[v * N + (r)] >> (k)) & 1)

/* Where it begins: at the highest checkpoint that one of them proves. */
inline find_base(v) {
#if SLOTS > 1
#if MUTANT == OLDEST
#define BEGINS_AT(k) (base < (k) -> base : (k))
  base = SLOTS;
#else
#define BEGINS_AT(k) (base > (k) -> base : (k))
#endif
  do
  :: r_ < N ->
     if
     :: !MEMBER(r_, members)
     :: MEMBER(r_, members) && (!HONEST(r_) || CHANGE(r_, 0)) -> base = BEGINS_AT(0)
     :: MEMBER(r_, members) && (!HONEST(r_) && PROVED(1) || CHANGE(r_, 1)) -> base = BEGINS_AT(1)
     :: MEMBER(r_, members) && (!HONEST(r_) && PROVED(2) || CHANGE(r_, 2)) -> base = BEGINS_AT(2)
     fi;
     r_++
  :: else -> break
  od;
  r_ = 0
#else
  base = 0
#endif
}

inline choose_members(v) {
  if
#if MUTANT == QUORUM_2F
  :: ALL_THERE(3, v) -> members = 3
  :: ALL_THERE(5, v) -> members = 5
  :: ALL_THERE(6, v) -> members = 6
  :: ALL_THERE(9, v) -> members = 9
  :: ALL_THERE(10, v) -> members = 10
  :: ALL_THERE(12, v) -> members = 12
#else
  :: ALL_THERE(7, v) -> members = 7
  :: ALL_THERE(11, v) -> members = 11
  :: ALL_THERE(13, v) -> members = 13
  :: ALL_THERE(14, v) -> members = 14
#endif
  fi
}

/* plan_log of consensus/new_view: `made` becomes what 2f+1 VIEW-CHANGEs to v say, any of them. */
inline make(v) {
  choose_members(v);
  find_base(v);
#if SLOTS == 1
  if
  :: above = 1 /* something is prepared in a slot above */
  :: skip
  fi;
#endif
  s_ = SLOTS;
  do
  :: s_ > base ->
     best_of_all(v, s_);
#if MUTANT == UNCHECKED
     if :: PRIMARY(v) == byz -> if :: best = a :: best = b :: skip fi :: else fi;
#endif
     if
     :: best != FREE -> above = 1
     :: best == FREE && above -> best = null
     :: else
     fi;
     if
     :: s_ == 1 -> named_1 = best
     :: else -> named_2 = best
     fi;
     s_--
  :: else -> break
  od;
  made = PLAN(base, named_1, named_2);
  printf("  from VIEW-CHANGEs to view %d of replicas", v);
  if :: MEMBER(0, members) -> printf(" 0") :: else fi;
  if :: MEMBER(1, members) -> printf(" 1") :: else fi;
  if :: MEMBER(2, members) -> printf(" 2") :: else fi;
  if :: MEMBER(3, members) -> printf(" 3") :: else fi;
  printf(":\n");
  members = 0; base = 0; s_ = 0; best = FREE; above = 0; named_1 = FREE; named_2 = FREE
}

inline tell(p, s) {
  if
  :: (s) <= BASE(p)
  :: (s) > BASE(p) && NAMED(p, s) == FREE -> printf(", nothing in slot %d", s)
  :: (s) > BASE(p) && NAMED(p, s) != FREE -> printf(", %e in slot %d", NAMED(p, s), s)
  fi
}

inline take(r) {
  plan[r] = made;
  printf("replica %d begins view %d: checkpoint %d", r, view[r], BASE(made));
  tell(made, 1);
#if SLOTS > 1
  tell(made, 2);
  if :: BASE(made) > low[r] -> low[r] = BASE(made) :: else fi;
#endif
  printf("\n");
  made = 0;
  assert(!REACHED)
}

/* The NEW-VIEW carries the primary's pre-prepare of what it names. */
inline propose_named(r, s) {
  if
  :: NAMED(plan[r], s) != FREE ->
     own = AT(view[r], s, NAMED(plan[r], s));
     votes[own] = votes[own] | (1 << r);
     own = 0
  :: else
  fi
}

#define MAY_BEGIN(v) (TURN(BEGINNING, v, PRIMARY(v)) && HONEST(PRIMARY(v)) \
  && view[PRIMARY(v)] == v && new_view[v] == 0 && QUORUM_THERE(v))

inline begin(v) {
  atomic {
    MAY_BEGIN(v) ->
    make(v);
    d_step {
      new_view[v] = made;
      take(PRIMARY(v));
      propose_named(PRIMARY(v), 1);
      if :: SLOTS > 1 -> propose_named(PRIMARY(v), SLOTS) :: else fi
    }
  }
}

#define MAY_INSTALL(r) (TURN(BEGINNING, view[r], r) && HONEST(r) && plan[r] == 0 \
  && (HONEST(PRIMARY(view[r])) && new_view[view[r]] != 0 \
      || !HONEST(PRIMARY(view[r])) && QUORUM_THERE(view[r])))

inline install(r) {
  atomic {
    MAY_INSTALL(r) ->
    if
    :: HONEST(PRIMARY(view[r])) -> made = new_view[view[r]]
    :: else -> make(view[r])
    fi;
    d_step { take(r) }
  }
}

/* -- in order ---------------------------------------------------------------------------------- */

#ifdef ORDERED

/* A certificate that a newer one of the same replica and slot has replaced. */
#define REPLACED(w, s, x, r) votes[AT(w, s, x)] = votes[AT(w, s, x)] & ~(16 << (r))
/* Of prepares of a view that is over only this matters: whether they are a certificate. */
#define EVEN(v, s, x) votes[AT(v, s, x)] = (votes[AT(v, s, x)] & 240) | \
  (CERTIFICATE(v, s, x) -> 15 : (1 << byz))

#define HAS_COMMITTED(r, v, s) \
  (COMMITTED(r, v, s, a) || COMMITTED(r, v, s, b) || COMMITTED(r, v, s, null))

/* Forgets what can't matter any more, when view v is over. */
inline archive(v, s) {
  do
  :: r_ < N ->
     if
     :: HONEST(r_) && HAS_COMMITTED(r_, v, s) ->
        do
        :: w_ < v ->
           REPLACED(w_, s, a, r_); REPLACED(w_, s, b, r_); REPLACED(w_, s, null, r_);
           w_++
        :: else -> break
        od;
        w_ = 0
     :: else
     fi;
     r_++
  :: else -> break
  od;
  r_ = 0;
  EVEN(v, s, a); EVEN(v, s, b); EVEN(v, s, null);
#if SLOTS > 1 && MUTANT == 0
  /* One of these two is in every quorum: no NEW-VIEW will begin below the slot. */
  if
  :: (low[0] >= s) + (low[1] >= s) + (low[2] >= s) + (low[3] >= s) >= 2 ->
     do
     :: w_ <= v ->
        votes[AT(w_, s, a)] = 17 << byz;
        votes[AT(w_, s, b)] = 17 << byz;
        votes[AT(w_, s, null)] = 17 << byz;
        w_++
     :: else -> break
     od;
     w_ = 0
  :: else
  fi
#endif
}

#define CAN_PREPARE(r, s) (MAY_PREPARE(r, s, a) || MAY_PREPARE(r, s, b) || MAY_PREPARE(r, s, null))
#define CAN_COMMIT(r, s) (MAY_COMMIT(r, s, a) || MAY_COMMIT(r, s, b) || MAY_COMMIT(r, s, null))
#define BUSY(r, s) (CAN_PREPARE(r, s) || now_view == VIEWS - 1 && CAN_COMMIT(r, s))

#define MAY_PASS_ON (now_view < VIEWS && !BUSY(NOW, 1) && !BUSY(NOW, SLOTS) \
  && (phase != LEAVING || !HONEST(NOW) || view[NOW] == now_view))

inline pass_on() {
  d_step {
    MAY_PASS_ON ->
    turn++;
    if
    :: turn == N ->
       turn = 0;
       if
       :: phase == BEGINNING ->
#if SLOTS > 1
          said[now_view * N] = 0; said[now_view * N + 1] = 0;
          said[now_view * N + 2] = 0; said[now_view * N + 3] = 0;
#endif
          phase = PREPARING
       :: phase == PREPARING ->
          new_view[now_view] = 0;
          plan[0] = 0; plan[1] = 0; plan[2] = 0; plan[3] = 0;
          phase = COMMITTING
       :: phase == COMMITTING ->
          archive(now_view, 1);
#if SLOTS > 1
          archive(now_view, 2);
#endif
          phase = LEAVING;
          now_view++
       :: else -> phase = BEGINNING
       fi
    :: else
    fi
  }
}

#endif

/* -- all runs ---------------------------------------------------------------------------------- */

#define VOTES(r, s) \
  :: prepare(r, s, a) :: prepare(r, s, b) :: prepare(r, s, null) \
  :: commit(r, s, a) :: commit(r, s, b) :: commit(r, s, null)
#ifdef ORDERED
#define VIEW_CHANGES(r) :: leave(r) :: install(r)
#else
#define VIEW_CHANGES(r) :: leave(r) :: install(r) :: restart(r)
#endif
#if SLOTS > 1
#define STEPS(r) VOTES(r, 1) VOTES(r, 2) VIEW_CHANGES(r) :: adopt(r, 1) :: adopt(r, 2)
#else
#define STEPS(r) VOTES(r, 1) VIEW_CHANGES(r)
#endif

inline set_up() {
  do
  :: s_ < VIEWS * SLOTS * 3 -> votes[s_] = 17 << byz; s_++
  :: else -> break
  od;
  s_ = 0;
  do
  :: r_ < N -> plan[r_] = (HONEST(r_) -> PLAN(0, FREE, FREE) : 0); r_++
  :: else -> break
  od;
  r_ = 0
#ifdef ORDERED
  ;
  phase = PREPARING
#endif
}

init {
  atomic {
#ifdef BYZANTINE
    byz = BYZANTINE;
#else
    if :: byz = 0 :: byz = 1 :: byz = 2 :: byz = 3 fi;
#endif
    printf("replica %d is Byzantine\n", byz);
    d_step { set_up() }
  };
  do
  STEPS(0) STEPS(1) STEPS(2) STEPS(3)
  :: begin(1)
#if VIEWS > 2
  :: begin(2)
#endif
#if VIEWS > 3
  :: begin(3)
#endif
#ifdef ORDERED
  :: pass_on()
#endif
  od
}
