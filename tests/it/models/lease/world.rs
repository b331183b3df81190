//! Everything at one moment, and what comes from outside the processes: the server executes, leases run out.
use super::rules::{Bounds, Rules};
use super::scripts::{ClaimAnswer, RenewAnswer};
use super::shard::{Seat, Shard};
use super::state::{HOLDERS, Holder, Incarnation, Spent, TASKS, Trust};
use super::wire::{Message, Wire};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) shard: Shard,
    pub(super) processes: [Incarnation; HOLDERS],
    pub(super) wire: Wire,
    pub(super) spent: Spent,
}

impl World {
    pub(super) fn new(bounds: &Bounds) -> World {
        World {
            shard: Shard::new(bounds),
            processes: [Incarnation::UNBORN; HOLDERS],
            wire: Wire::EMPTY,
            spent: Spent { pauses: 0, cancels: 0, reruns: 0, repeats: 0, abandons: 0 },
        }
    }

    /// The lease has expired and somebody reaps. A holder that trusts it sleeps, and does not see it happen.
    /// Answers that were sent before confirm a lease that is over.
    pub(super) fn reap(&mut self, bounds: &Bounds, holder: Holder, task: usize) {
        let process = &mut self.processes[holder.index()];
        if process.trust == Trust::Yes {
            process.trust = Trust::Blind;
            self.spent.pauses += 1;
        }
        self.shard.reap(bounds, holder, task);
        self.wire.rewrite(holder, |message| {
            Some(match message {
                Message::Claimed { to, granted, solo, abandoned, .. } => {
                    Message::Claimed { to, granted, solo, stale: true, abandoned }
                }
                Message::Renewed { to, gone, unknown, held, .. } => {
                    Message::Renewed { to, gone, unknown, held, stale: true }
                }
                other => other,
            })
        });
    }

    /// The server executes a request; false if that would leave the bounds.
    pub(super) fn execute(&mut self, rules: &Rules, bounds: &Bounds, request: Message) -> bool {
        let from = request.holder();
        let mut used = true;
        let answer = match request {
            Message::Register { expects, .. } => {
                match self.shard.register((rules, bounds), &self.processes, from, expects) {
                    Seat::Beyond => return false,
                    Seat::Superseded => Some(Message::Superseded { to: from }),
                    Seat::Taken | Seat::Refused => None,
                }
            }
            Message::Claim { expects, holding, abandoned, .. } => {
                used = !abandoned || !rules.abandoned_answer_unused;
                let with = (expects, holding, bounds.claim);
                match self.shard.claim((rules, bounds), &self.processes, from, with) {
                    ClaimAnswer::Seat(Seat::Beyond) => return false,
                    ClaimAnswer::Granted { granted, solo } => {
                        Some(Message::Claimed { to: from, granted, solo, stale: false, abandoned })
                    }
                    ClaimAnswer::LeaseLost => Some(Message::LeaseLost { to: from, claim: !abandoned }),
                    ClaimAnswer::Seat(Seat::Superseded) => Some(Message::Superseded { to: from }),
                    ClaimAnswer::Seat(_) => None,
                }
            }
            Message::Renew { listed, .. } => match self.shard.renew(rules, from, listed) {
                RenewAnswer::Renewed { gone, unknown } => {
                    // The next claim brings what is unknown; a worker that keeps to the rules need not remember it.
                    let unknown = if rules.unknown_waits_for_claim { [0; TASKS] } else { unknown };
                    let held =
                        if rules.drops_only_listed { [0; TASKS] } else { self.shard.held[from.index()] };
                    Some(Message::Renewed { to: from, gone, unknown, held, stale: false })
                }
                RenewAnswer::LeaseLost => Some(Message::LeaseLost { to: from, claim: false }),
                RenewAnswer::Seat(Seat::Superseded) => Some(Message::Superseded { to: from }),
                RenewAnswer::Seat(_) => None,
            },
            Message::Settle { task, fence, outcome, .. } => {
                self.shard.settle(rules, from, task as usize, fence, outcome);
                Some(Message::Settled { to: from, task, fence })
            }
            _ => None,
        };
        if let Some(answer) = answer
            && used
            && self.processes[from.index()].is_alive()
        {
            self.wire.put(answer);
        }
        true
    }
}
