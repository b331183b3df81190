//! What no longer matters is forgotten after every step, so that states which differ only in it are one.
use super::rules::Rules;
use super::shard::Shard;
use super::state::{HOLDERS, Incarnation, Status, TASKS, Trust};
use super::wire::Message;
use super::world::World;

impl World {
    /// Forgets what can have no effect any more, so that states which differ only in it are one.
    pub(super) fn tidy(&mut self, rules: &Rules) {
        for process in &mut self.processes {
            if process.known == [0; TASKS] && rules.grant_has_own_send_time {
                process.trust = Trust::No;
            }
        }
        let World { shard, processes, wire, .. } = self;
        wire.retain(|message| may_matter(rules, shard, processes, message));
        for task in 0..TASKS {
            let (mut startable, mut runnable) = (0_u8, 0_u8);
            for held in &shard.held {
                startable |= 1 << held[task];
            }
            for process in processes.iter().filter(|process| process.is_running(task)) {
                runnable |= 1 << process.known[task];
            }
            for message in wire.iter() {
                if let Message::Claimed { granted, .. } = message {
                    startable |= 1 << granted[task];
                }
            }
            let row = &mut shard.tasks[task];
            row.started &= startable & !1;
            row.cancelled &= runnable | startable;
        }
    }
}

/// False for a message that changes nothing, now or later: it may as well be lost.
fn may_matter(rules: &Rules, shard: &Shard, processes: &[Incarnation; HOLDERS], message: Message) -> bool {
    let holder = message.holder();
    let process = &processes[holder.index()];
    let current = shard.current[holder.worker()];
    let (is_current, is_past) = (current == holder.name(), shard.past & holder.bit() != 0);
    let speaks = !is_past || process.is_alive() || !rules.past_boots_write_nothing;
    match message {
        Message::Register { expects, .. } => {
            !is_current && speaks && (is_past || expects == current || !rules.new_boot_compares)
        }
        Message::Claim { expects, .. } => {
            speaks && (is_current || is_past || expects == current || !rules.new_boot_compares)
        }
        Message::Renew { .. } => speaks && (is_current || is_past),
        Message::Settle { task, fence, .. } => {
            let task = task as usize;
            let running = shard.tasks[task].status == Status::Running;
            let current = running && shard.tasks[task].fence == fence;
            process.known[task] == fence || current || !rules.fence_check
        }
        Message::Renewed { gone, stale, .. } => {
            !stale
                || !rules.drops_only_listed
                || (0..TASKS).any(|task| gone[task] != 0 && gone[task] == process.known[task])
        }
        Message::Settled { task, fence, .. } => process.known[task as usize] == fence,
        Message::Claimed { .. } | Message::LeaseLost { .. } | Message::Superseded { .. } => true,
    }
}
