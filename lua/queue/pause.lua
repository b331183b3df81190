-- queue/pause: stop claims from a queue, or let them go on; what runs goes on running.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  queues     zset    queues that exist
--   4  queue      hash    the queue's record
-- DERIVES queue:<name>:pending hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  queue      text    its name
--   3  paused     text    '1' to pause, '' to resume
--   4  by         text    who says so
-- REPLY
--   { 'paused' | 'resumed', since when, or '' }
--   { 'refused', 'schema_too_new', '' }
-- COST  11
local queues, queue_record = KEYS[3], KEYS[4]
local now_arg, queue, paused, by = take(4)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end
local since = redis.call('HGET', queue_record, 'paused_ms')

-- A repeat finds it as it should be and changes nothing.
if paused == '1' and since then return { 'paused', since } end
if paused == '' and not since then return { 'resumed', '' } end

if paused == '1' then
  redis.call('ZADD', queues, 'NX', now.digits, queue)
  redis.call('HSET', queue_record, 'paused_ms', now.digits)
  tell('pause', actor('', '', by), 'queue', queue)
  write_batch()
  return { 'paused', now.digits }
end
redis.call('HDEL', queue_record, 'paused_ms')
local waiting = redis.call('ZCARD', queue_record .. ':pending')
if waiting > 0 then hint(queue, waiting) end
tell('resume', actor('', '', by), 'queue', queue)
write_batch()
return { 'resumed', '' }
