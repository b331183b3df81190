-- task/progress: note how far running tasks are; only their holder may.
--
-- CLASS  drain
-- USES   lifecycle batch groups move refused
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
-- DERIVES task:<id> task:<id>:refused
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  worker     text    must be the holder
--   3  count      int     how many notes; then of each: task, fence, progress ('0.40 typesetting', at most 64 bytes)
-- REPLY
--   { 'noted', of each note: 'noted', version or 'refused', 'unknown_task' | 'fenced' | 'not_running' }
--   { 'refused', 'schema_too_new', '' }
-- COST  3 + 2 per note (3 if it is refused); 1 XADD
local now_arg, worker, note_count = take(3)
local now, noter = now_from(now_arg), actor(worker)

if shard_state() then return refused('schema_too_new') end

-- Not a move: the version stays, so a waiting reader is told by the stream.
local function note(id, fence, progress)
  local row = read(task_key(id))
  if not row then return 'refused', 'unknown_task' end
  local code = (row.worker ~= worker or row.fence ~= fence) and 'fenced' or row.status ~= 'running' and 'not_running'
  if code then
    note_refused(task_key(id), worker, fence, 'progress', code)
    return 'refused', code
  end
  redis.call('HSET', task_key(id), 'progress', progress, 'progress_ms', now.digits)
  tell('progress', noter, id, event_text(row, row.version, progress))
  return 'noted', row.version
end

local reply = { 'noted' }
for _ = 1, tonumber(note_count) do
  reply[#reply + 1], reply[#reply + 2] = note(take(3))
end
write_batch()
return reply
