-- token/attempt: count the tries to log in as a user: begin one, or say how one ended.
--
-- Each failure makes the next try wait longer, up to ten seconds; from the hundredth of a day on, a quarter of an hour.
-- Nobody is locked out for good. A repeat after a lost answer counts a failure twice, at worst.
--
-- CLASS  drain
-- USES   gate
-- KEYS
--   1  cell       string  expires when everything is paid for
--   2  failures   hash    count, until
-- ARGV
--   1  what       begin, failed or succeeded
--   2  every_ms
--   3  burst
--   4  injected_ms
-- REPLY
--   { 'ok' }
--   { 'wait', ms }
-- COST  4
local cell, failures = KEYS[1], KEYS[2]
local what, every_ms, burst, injected_ms = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

now_from(injected_ms)
if what == 'succeeded' then
  redis.call('DEL', failures)
  refund(cell, every_ms)
  return { 'ok' }
end
if what == 'failed' then
  local count = redis.call('HINCRBY', failures, 'count', 1)
  local waits = { 1000, 3000, 5000 }
  local wait = waits[count] or 10000
  if count >= LOGIN_FAILURES_A_DAY then wait = LOGIN_SLOW_MS end
  redis.call('HSET', failures, 'until', digits(NOW.ms + wait))
  redis.call('PEXPIRE', failures, DAY_MS)
  return { 'ok' }
end
local left = tonumber(redis.call('HGET', failures, 'until') or 0) - NOW.ms
if left > 0 then return { 'wait', digits(left) } end
local wait = charge(cell, every_ms, burst)
if wait > 0 then return { 'wait', digits(wait) } end
return { 'ok' }
