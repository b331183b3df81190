-- schedule/trigger: make one task of a schedule now, whether or not it is due or paused.
--
-- CLASS  grow
-- USES   lifecycle batch groups move create once schedule
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  queues     zset    queues that exist
--   4  schedule   hash    its record
--   5  op         string  the remembered answer of this call; only with an idempotency key
-- DERIVES task:<id> task:<id>:payload task:<id>:tags schedule:<name>:payload queue:<name> queue:<name>:pending
--         hints:<queue> kind:<name>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  name       text
--   3  by         text    who asks
--   4  digest     text    of the request
--   5  task       text    the id of the task
-- REPLY
--   { 'triggered', id }
--   { 'replayed', id }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch' | 'unknown_schedule', '' }
--   { 'refused', 'conflict', the task before it, which has not ended and is not to be overlapped }
-- COST  17
local queues, key, op = KEYS[3], KEYS[4], KEYS[5]
local now_arg, name, by, digest, id = take(5)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end
if op then
  local answer = remembered(op, digest)
  if answer then return answer end
end
local row = read(key)
if not row then return refused('unknown_schedule') end
local reply = { 'triggered', id }
-- A repeat, after a lost answer.
if redis.call('EXISTS', task_key(id)) == 1 then return reply end
local live = row.overlap == 'skip' and live_task(row)
if live then return refused('conflict', live) end

make_task(id, name, key, row, now)
note_made(queues, key, row, id, 1, now)
tell_schedule('trigger', actor('', '', by), name, row, 'task=' .. id)
write_batch()
if op then remember(op, digest, reply, OP_RETENTION_MS) end
return reply
