-- flow/begin: begin to cancel what has not ended of a flow, or to rerun what ended otherwise than well.
--
-- CLASS  drain
-- USES   lifecycle batch once
-- KEYS
--   1  meta        hash    the shard
--   2  events      stream
--   3  op          string  the remembered answer of this call
--   4  flow        hash    the flow
--   5  flow_tasks  zset    its tasks by their position
--   6  cascades    zset    what is still to be passed on
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  digest     text    of the request: a repeat under the same op id must ask the same
--   3  by         text    who asks
--   4  reason     text    why
--   5  keep_ms    int     how long a repeat finds the first answer
--   6  flow_id    text
--   7  what       text    'cancel' | 'rerun'
-- REPLY
--   { 'begun', how many tasks it may concern }
--   { 'replayed', the same word as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch' | 'unknown_flow', '' }
--   { 'refused', 'conflict', what is being done with the flow }
-- COST  10
local op, key, tasks_key, cascades = KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now_arg, digest, by, reason, keep_ms, flow, what = take(7)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end

local answer = remembered(op, digest)
if answer then return answer end
local record = read(key)
if not record then return refused('unknown_flow') end
-- A cancel overtakes a rerun, also one that has not moved anything yet; everything else comes after what is being done.
if record.doing and not (record.doing == 'rerun' and what == 'cancel') then return refused('conflict', record.doing) end

local size = redis.call('ZCARD', tasks_key)
local live = tonumber(record.live or 0)
local concerned = what == 'cancel' and live or size - live - (record.completed or 0)
if concerned > 0 or record.doing then
  if record.doing_from_ms then redis.call('HDEL', key, 'doing_from_ms') end
  redis.call('HSET', key, 'doing', what, 'doing_at', size, 'doing_ms', now.digits, 'doing_reason', reason, 'doing_by', by)
  redis.call('ZADD', cascades, now.digits, flow)
  redis.call('HSET', META, 'tick_ms', now.digits)
end
local reply = { 'begun', digits(concerned) }
remember(op, digest, reply, keep_ms)
return reply
