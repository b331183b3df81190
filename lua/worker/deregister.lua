-- worker/deregister: a worker leaves; its boot is past from now on, and a late call of it is refused.
--
-- CLASS  drain
-- USES   batch lease
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  leases     zset    holders and their deadlines
--   4  worker     hash    the worker's record
--   5  held       zset    what this boot holds
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  worker     text
--   3  boot       text
-- REPLY
--   { 'deregistered', tick_ms }
--   { 'refused', 'schema_too_new' | 'unknown_worker' | 'superseded', '' }
--   { 'refused', 'conflict', current boot, or how many tasks it still holds }
-- COST  8
local leases, worker_key, held = KEYS[3], KEYS[4], KEYS[5]
local now_arg, worker, boot = take(3)
local now = now_from(now_arg)

local too_new, tick_ms = shard_state()
if too_new then return refused('schema_too_new') end
local record, refusal = record_of_current(worker_key, boot)
if not record then return refusal end
local size = redis.call('ZCARD', held)
if size > 0 then return refused('conflict', digits(size)) end

redis.call('HSET', worker_key, 'boot', '', 'past', past_with(record, boot, now.ms), 'seen_ms', now.digits)
redis.call('ZREM', leases, worker .. ':' .. boot)
announce('deregister', actor(worker, boot))
write_batch()
return { 'deregistered', tick_ms }
