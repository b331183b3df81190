-- worker/direct: tell a worker, with its next renewal, to claim no more (quiet), to stop, or to go on.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  worker     hash    the worker's record
-- ARGV
--   1  worker     text
--   2  directive  text    'quiet', 'stop', or '' to go on
--   3  by         text    who says so
-- REPLY
--   { 'directed', the directive before }
--   { 'refused', 'schema_too_new' | 'unknown_worker', '' }
-- COST  5
local worker_key = KEYS[3]
local worker, directive, by = take(3)

if shard_state() then return refused('schema_too_new') end
local record = read(worker_key)
if not record then return refused('unknown_worker') end
local before = record.directive or ''
if directive == before then return { 'directed', before } end

if directive == '' then redis.call('HDEL', worker_key, 'directive')
else redis.call('HSET', worker_key, 'directive', directive)
end
announce(directive == '' and 'go_on' or directive, actor(worker, record.boot, by))
write_batch()
return { 'directed', before }
