-- operation/take: find an operation to which nobody sees, and see to it.
--
-- CLASS  drain
-- KEYS
--   1  meta      hash   the first shard of the namespace
--   2  live      zset   ids of those that go on, by the ms until which somebody sees to them
-- ARGV
--   1  now_ms    int    '' in production: the server's clock decides
--   2  lease_ms  int    for how long the caller sees to it
-- REPLY
--   { 'taken', id }
--   { 'none' }
--   { 'refused', 'schema_too_new', '' }
-- COST  3
local live = KEYS[2]
local now_arg, lease_ms = take(2)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end
local id = redis.call('ZRANGE', live, '-inf', now.digits, 'BYSCORE', 'LIMIT', 0, 1)[1]
if not id then return { 'none' } end

redis.call('ZADD', live, digits(now.ms + lease_ms), id)
return { 'taken', id }
