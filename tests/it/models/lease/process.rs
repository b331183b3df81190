//! What one incarnation does: it starts and dies, sends, gives up, and believes answers.
use super::rules::Rules;
use super::state::{Holder, Incarnation, Life, Outcome, Pairs, Phase, TASKS, Trust};
use super::wire::Message;
use super::world::World;

impl World {
    pub(super) fn start(&mut self, holder: Holder) {
        let elders = (0..holder.boot())
            .map(|boot| Holder::new(holder.worker(), boot))
            .filter(|elder| self.processes[elder.index()].life == Life::Dead)
            .fold(0, |bits, elder| bits | elder.bit());
        self.processes[holder.index()] = Incarnation { life: Life::Alive, elders, ..Incarnation::UNBORN };
    }

    /// Answers to the dead go nowhere; what the dead had sent is still on its way.
    pub(super) fn die(&mut self, holder: Holder) {
        self.processes[holder.index()].die();
        self.wire.rewrite(holder, |message| message.is_request().then_some(message));
        self.abandon(&Rules::ALL, holder);
    }

    /// Nobody waits any more: what is on its way may still be executed, its answer is not used.
    pub(super) fn abandon(&mut self, rules: &Rules, holder: Holder) {
        let keep = !rules.abandoned_answer_unused;
        self.wire.rewrite(holder, |message| match message {
            Message::Claim { from, expects, holding, .. } => {
                Some(Message::Claim { from, expects, holding, abandoned: true })
            }
            Message::Claimed { to, granted, solo, stale, .. } => {
                keep.then_some(Message::Claimed { to, granted, solo, stale, abandoned: true })
            }
            Message::LeaseLost { to, claim: true } => Some(Message::LeaseLost { to, claim: false }),
            other => Some(other),
        });
    }

    /// Whether the process waits for the answer to a claim. One that is lost is given up at once: waiting for it
    /// forbids a claim and allows nothing.
    pub(super) fn is_claiming(&self, holder: Holder) -> bool {
        self.wire.iter().any(|message| {
            message.holder() == holder
                && matches!(
                    message,
                    Message::Claim { abandoned: false, .. }
                        | Message::Claimed { abandoned: false, .. }
                        | Message::LeaseLost { claim: true, .. }
                )
        })
    }

    /// What the process would list now.
    pub(super) fn listed(&self, holder: Holder) -> Pairs {
        self.processes[holder.index()].known
    }

    /// A boot that the server has seen need not say what it expects; one that it has not read the record.
    pub(super) fn expects(&self, rules: &Rules, holder: Holder) -> u8 {
        let current = self.shard.current[holder.worker()];
        let is_past = self.shard.past & holder.bit() != 0;
        let seen = current == holder.name() || (is_past && rules.past_boots_write_nothing);
        if seen { 0 } else { current }
    }

    /// The handler of `task` ended, or was stopped: report it, again if need be.
    pub(super) fn report(&mut self, rules: &Rules, holder: Holder, task: usize, outcome: Outcome) {
        let process = &mut self.processes[holder.index()];
        let fence = process.known[task];
        if process.is_running(task) {
            process.phase[task] = Phase::Finished;
        }
        if !rules.holding_until_acknowledged {
            process.known[task] = 0;
            process.phase[task] = Phase::Unknown;
        }
        self.wire.put(Message::Settle { from: holder, task: task as u8, fence, outcome });
    }

    /// The clock says that the lease may be over: cancel all handlers, keep what they were as to be settled.
    pub(super) fn lapse(&mut self, holder: Holder) {
        let process = &mut self.processes[holder.index()];
        process.trust = Trust::No;
        for phase in process.phase.iter_mut().filter(|phase| **phase == Phase::Running) {
            *phase = Phase::Stopped;
        }
    }

    /// A process reads an answer.
    pub(super) fn deliver(&mut self, rules: &Rules, answer: Message) {
        let to = answer.holder();
        if self.processes[to.index()].trust == Trust::Blind && rules.lapse_before_answer {
            self.lapse(to);
        }
        match answer {
            Message::Claimed { granted, solo, stale, .. } => {
                self.close_call(rules, to);
                self.trust(to, stale);
                let process = self.processes[to.index()];
                let may_start = process.trust == Trust::Yes && !(stale && rules.grant_has_own_send_time);
                for task in (0..TASKS).filter(|task| granted[*task] > process.known[*task]) {
                    self.receive(rules, to, task, (granted[task], solo & 1 << task != 0, may_start));
                }
            }
            Message::Renewed { gone, unknown, held, stale, .. } => {
                self.trust(to, stale);
                self.reconcile(rules, to, (gone, unknown, held));
            }
            Message::LeaseLost { claim, .. } => {
                self.lapse(to);
                if claim {
                    self.close_call(rules, to);
                }
            }
            Message::Settled { task, fence, .. } => self.drop_pair(to, task as usize, fence),
            Message::Superseded { .. } => self.die(to),
            _ => {}
        }
    }

    fn close_call(&mut self, rules: &Rules, holder: Holder) {
        if rules.one_claim_at_a_time {
            self.abandon(rules, holder);
        }
    }

    fn trust(&mut self, holder: Holder, stale: bool) {
        if !stale {
            self.processes[holder.index()].trust = Trust::Yes;
        }
    }

    fn receive(
        &mut self,
        rules: &Rules,
        holder: Holder,
        task: usize,
        (fence, solo, may_start): (u8, bool, bool),
    ) {
        let process = &mut self.processes[holder.index()];
        // A newer fence of a task that still runs here: the older run is over, whatever it does.
        process.phase[task] = Phase::Stopped;
        process.known[task] = fence;
        let busy = process.phase.contains(&Phase::Running);
        if !may_start || (busy && solo && rules.last_life_started_alone) {
            return;
        }
        process.phase[task] = Phase::Running;
        let row = &mut self.shard.tasks[task];
        self.shard.alarms.started_twice |= row.started & 1 << fence != 0;
        row.started |= 1 << fence;
        if busy {
            for other in (0..TASKS).filter(|other| process.phase[*other] == Phase::Running) {
                let row = &mut self.shard.tasks[other];
                row.company |= row.fence == process.known[other];
            }
        }
    }

    fn reconcile(&mut self, rules: &Rules, holder: Holder, (gone, unknown, held): (Pairs, Pairs, Pairs)) {
        for task in 0..TASKS {
            if gone[task] != 0 {
                self.drop_pair(holder, task, gone[task]);
            }
            let known = self.processes[holder.index()].known[task];
            if !rules.drops_only_listed && known != held[task] {
                self.drop_pair(holder, task, known);
            }
            if !rules.unknown_waits_for_claim && unknown[task] != 0 {
                let fence = unknown[task];
                self.wire.put(Message::Settle {
                    from: holder,
                    task: task as u8,
                    fence,
                    outcome: Outcome::Released,
                });
            }
        }
    }

    fn drop_pair(&mut self, holder: Holder, task: usize, fence: u8) {
        let process = &mut self.processes[holder.index()];
        if process.known[task] == fence {
            process.known[task] = 0;
            process.phase[task] = Phase::Unknown;
        }
    }
}
