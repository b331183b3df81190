-- lib/lifecycle: generated from crates/baton-core/src/lifecycle.rs by `cargo xtask codegen`.
--
-- AFTER['<move> <from>'] names the statuses that the move may lead to.
local AFTER = {
  ['mature scheduled'] = 'pending',
  ['unblock blocked'] = 'pending scheduled',
  ['block pending'] = 'blocked',
  ['block scheduled'] = 'blocked',
  ['claim pending'] = 'running',
  ['claim_rejected pending'] = 'blocked',
  ['complete running'] = 'completed',
  ['retry running'] = 'scheduled',
  ['promote scheduled'] = 'pending',
  ['fail running'] = 'failed',
  ['time_out running'] = 'timeout',
  ['release running'] = 'pending scheduled',
  ['takeover running'] = 'running',
  ['reclaim running'] = 'pending',
  ['cancel scheduled'] = 'cancelled',
  ['cancel blocked'] = 'cancelled',
  ['cancel pending'] = 'cancelled',
  ['cancel running'] = 'cancelled',
  ['rerun completed'] = 'pending blocked',
  ['rerun failed'] = 'pending blocked',
  ['rerun timeout'] = 'pending blocked',
  ['rerun cancelled'] = 'pending blocked',
}
-- TERMINAL names the statuses that only a rerun leaves.
local TERMINAL = { completed = true, failed = true, timeout = true, cancelled = true, }
