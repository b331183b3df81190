-- token/gate: let one more in, or say how long it must wait; or take back that one was let in.
--
-- A repeat after a lost answer charges once more, which harms only whoever was already at his limit.
--
-- CLASS  drain
-- USES   gate
-- KEYS
--   1  cell       string  expires when everything is paid for
-- ARGV
--   1  what       charge or refund
--   2  every_ms
--   3  burst
--   4  injected_ms
-- REPLY
--   { 'ok' }
--   { 'wait', ms }
-- COST  3
local cell = KEYS[1]
local what, every_ms, burst, injected_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

now_from(injected_ms)
if what == 'refund' then
  refund(cell, every_ms)
  return { 'ok' }
end
local wait = charge(cell, every_ms, burst)
if wait > 0 then return { 'wait', digits(wait) } end
return { 'ok' }
