-- token/key: write the record of a new API key.
--
-- CLASS  grow
-- KEYS
--   1  key        hash    there is none of this id, unless this is a repeat
-- ARGV
--   1  expires_at     ms; '' for never
--   2  injected_ms
--      then of each field: its name, its value
-- REPLY
--   { 'written', created_at }
-- COST  3
local key = KEYS[1]
local expires_at, injected_ms = take(2)

now_from(injected_ms)
redis.call('HSET', key, 'created_at', NOW.digits, 'expires_at', expires_at, take(#ARGV - 2))
-- A while longer, so that it is refused as expired and not as unknown.
if expires_at ~= '' then redis.call('PEXPIRE', key, digits(math.max(0, tonumber(expires_at) - NOW.ms) + DAY_MS)) end
return { 'written', NOW.digits }
