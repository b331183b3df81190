-- token/key: write the record of a new API key.
--
-- CLASS  grow
-- KEYS
--   1  key        hash    there is none of this id, unless this is a repeat
-- ARGV
--   1  expires_at     ms; '' for never
--   2  injected_ms
--   3  hash           of its secret
--      then of each field: its name, its value
-- REPLY
--   { 'written', created_at }
--   { 'taken' }               there is one of this id, with another secret
-- COST  4
local key = KEYS[1]
local expires_at, injected_ms, hash = take(3)

now_from(injected_ms)
local known = redis.call('HGET', key, 'hash')
if known and known ~= hash then return { 'taken' } end

redis.call('HSET', key, 'created_at', NOW.digits, 'expires_at', expires_at, 'hash', hash, take(#ARGV - 3))
-- A while longer, so that it is refused as expired and not as unknown.
if expires_at ~= '' then redis.call('PEXPIRE', key, digits(math.max(0, tonumber(expires_at) - NOW.ms) + DAY_MS)) end
return { 'written', NOW.digits }
