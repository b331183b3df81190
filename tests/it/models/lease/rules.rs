//! The rules of the protocol, each of which can be taken away, and the bounds of one exploration.

/// Every field is a rule that looks removable. With all of them the model has no counterexample;
/// `mutants.rs` shows what each one prevents.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each rule is there or not, independently of the others")]
pub(super) struct Rules {
    /// A boot never seen becomes current by compare-and-set, not by merely turning up.
    pub(super) new_boot_compares: bool,
    /// A renewal compares the listed pairs, not how many there are.
    pub(super) renewal_compares_members: bool,
    /// A pair is task *and* fence: an older fence of a known task is not known.
    pub(super) pair_includes_fence: bool,
    /// What a renewal calls unknown waits for the next claim; it is not released.
    pub(super) unknown_waits_for_claim: bool,
    /// An answer drops only pairs that its own request listed.
    pub(super) drops_only_listed: bool,
    /// A lease being reaped is lost: renew and claim write nothing until the set is empty.
    pub(super) reaping_is_final: bool,
    /// Being taken over by a new boot counts as a crash.
    pub(super) takeover_is_crash: bool,
    /// One claim of a holder is in flight at a time.
    pub(super) one_claim_at_a_time: bool,
    /// The answer of an abandoned claim is never used.
    pub(super) abandoned_answer_unused: bool,
    /// A report must show the current fence.
    pub(super) fence_check: bool,
    /// A takeover hands out new fences.
    pub(super) takeover_new_fences: bool,
    /// A past boot is answered `superseded` and writes nothing.
    pub(super) past_boots_write_nothing: bool,
    /// `holding` lists what is not acknowledged as settled, finished or not.
    pub(super) holding_until_acknowledged: bool,
    /// A task on its last life is granted only to a holder that holds nothing else, and alone.
    pub(super) last_life_granted_alone: bool,
    /// The worker itself starts a task on its last life only when no other handler is running.
    pub(super) last_life_started_alone: bool,
    /// Whoever takes an answer first looks whether its trust lapsed meanwhile, and stops if it did.
    pub(super) lapse_before_answer: bool,
    /// What an answer delivers is trusted from the time that *its* request was sent.
    pub(super) grant_has_own_send_time: bool,
    /// A rerun starts with no crashes.
    pub(super) rerun_clears_crashes: bool,
}

impl Rules {
    /// The protocol as designed.
    pub(super) const ALL: Rules = Rules {
        new_boot_compares: true,
        renewal_compares_members: true,
        pair_includes_fence: true,
        unknown_waits_for_claim: true,
        drops_only_listed: true,
        reaping_is_final: true,
        takeover_is_crash: true,
        one_claim_at_a_time: true,
        abandoned_answer_unused: true,
        fence_check: true,
        takeover_new_fences: true,
        past_boots_write_nothing: true,
        holding_until_acknowledged: true,
        last_life_granted_alone: true,
        last_life_started_alone: true,
        lapse_before_answer: true,
        grant_has_own_send_time: true,
        rerun_clears_crashes: true,
    };
}

/// What one exploration may use up. Within these bounds it is exhaustive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Tasks that exist, all pending at first.
    pub(super) tasks: u8,
    /// Incarnations that each worker id may have.
    pub(super) boots: [u8; 2],
    /// The highest fence of a task.
    pub(super) fences: u8,
    /// Messages in flight, requests and replies together.
    pub(super) in_flight: usize,
    pub(super) max_crashes: u8,
    /// How many new tasks a claim asks for.
    pub(super) claim: u8,
    /// How often a worker sleeps through the end of its lease, and acts on as if nothing happened.
    pub(super) pauses: u8,
    pub(super) cancels: u8,
    pub(super) reruns: u8,
    /// How often the network executes a request and keeps a copy of it for later.
    pub(super) repeats: u8,
    /// How often a worker gives up waiting for the answer to a claim.
    pub(super) abandons: u8,
    /// Whether a new incarnation may start while an older one of its worker still runs.
    pub(super) twins: bool,
}

impl Bounds {
    /// One worker, one task and nothing that goes wrong, for each exploration to add what it needs.
    pub(super) const CALM: Bounds = Bounds {
        tasks: 1,
        boots: [1, 0],
        fences: 2,
        in_flight: 2,
        max_crashes: 3,
        claim: 2,
        pauses: 0,
        cancels: 0,
        reruns: 0,
        repeats: 0,
        abandons: 0,
        twins: false,
    };
}
