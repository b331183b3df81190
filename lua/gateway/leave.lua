-- gateway/leave: a gateway has ended in good order; nothing of it is left.
--
-- CLASS  drain
-- KEYS
--   1  meta      hash    the first shard of the namespace
--   2  gateways  zset    gateways by the ms they were last seen
--   3  gateway   hash    its report
-- ARGV
--   1  gateway   text    the one that leaves
-- REPLY
--   { 'left', '1' if it had been seen }
--   { 'refused', 'schema_too_new', '' }
-- COST  3
local gateways, report = KEYS[2], KEYS[3]
local gateway = take()

if shard_state() then return refused('schema_too_new') end
if redis.call('ZREM', gateways, gateway) == 0 then return { 'left', '' } end
redis.call('UNLINK', report)
return { 'left', '1' }
