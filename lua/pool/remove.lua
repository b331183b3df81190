-- pool/remove: forget a pool to which nobody attends.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta         hash    the first shard of the namespace
--   2  events       stream
--   3  pools        zset    pools by the ms they came
--   4  pool         hash    the pool's record
--   5  supervisors  zset    supervisors of the pool by the end of their lease
-- DERIVES supervisor:<id>
-- ARGV
--   1  now_ms       int     '' in production: the server's clock decides
--   2  pool         text    its name
--   3  by           text    who says so
-- REPLY
--   { 'removed' }
--   { 'refused', 'schema_too_new' | 'unknown_pool', '' }
--   { 'refused', 'conflict', how many supervisors attend }
-- COST  9 + 1 per supervisor that is forgotten with it
local pools, pool_key, supervisors = KEYS[3], KEYS[4], KEYS[5]
local now_arg, pool, by = take(3)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end
if redis.call('EXISTS', pool_key) == 0 then return refused('unknown_pool') end
local attending = redis.call('ZCOUNT', supervisors, '(' .. now.digits, '+inf')
if attending > 0 then return refused('conflict', digits(attending)) end

for _, id in ipairs(redis.call('ZRANGE', supervisors, 0, -1)) do redis.call('UNLINK', SHARD .. 'supervisor:' .. id) end
redis.call('UNLINK', supervisors, pool_key)
redis.call('ZREM', pools, pool)
tell('remove', actor('', '', by), 'pool', pool)
write_batch()
return { 'removed' }
