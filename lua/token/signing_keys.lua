-- token/signing_keys: change the sealed keys that sign access tokens, if nobody else has changed them meanwhile.
--
-- Gateways that begin at once make a key each, and the first one's is everybody's.
--
-- CLASS  grow
-- KEYS
--   1  jwks       hash    sealed keys by kid, and their version
-- ARGV
--   1  version    as it was read; 0 while there is nothing
--      then of each key: its kid, its text or '' to remove it
-- REPLY
--   { 'written', the new version }
--   { 'stale', the version that stands }
-- COST  2 + 1 per key
local jwks = KEYS[1]
local version = take(1)

local stands = redis.call('HGET', jwks, 'version') or '0'
if stands ~= version then return { 'stale', stands } end
for _ = 2, #ARGV, 2 do
  local kid, text = take(2)
  if text == '' then redis.call('HDEL', jwks, kid) else redis.call('HSET', jwks, kid, text) end
end
return { 'written', digits(redis.call('HINCRBY', jwks, 'version', 1)) }
