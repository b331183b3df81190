-- token/meter: count one request of somebody in the time that runs for him, or say that he has had all of them.
--
-- A repeat after a lost answer counts once more, which harms only whoever was already at his limit.
--
-- CLASS  drain
-- KEYS
--   1  meter      string  how many there were; expires when the time is over
-- ARGV
--   1  most       int     requests in that time
--   2  window_ms  int     how long it is; it begins with the first of them
-- REPLY
--   { 'ok', how many are left, in how many ms the time is over }
--   { 'wait', ms }
-- COST  3
local meter = KEYS[1]
local most, window_ms = tonumber(ARGV[1]), tonumber(ARGV[2])

local used, left_ms = tonumber(redis.call('GET', meter) or 0), redis.call('PTTL', meter)
-- A shorter time may have been set since, and one that is over counts for nothing.
if left_ms <= 0 or left_ms > window_ms then used, left_ms = 0, window_ms end
if used >= most then return { 'wait', digits(left_ms) } end
redis.call('SET', meter, digits(used + 1), 'PX', digits(left_ms))
return { 'ok', digits(most - used - 1), digits(left_ms) }
