-- task/reprioritise: give tasks another priority; one that waits keeps its age within it.
--
-- CLASS  drain
-- USES   lifecycle batch groups move once operate
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  op         string  the remembered answer of this call
-- DERIVES task:<id> task:<id>:history queue:<name>:pending
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  digest     text    of the request: a repeat under the same op id must ask the same
--   3  by         text    who asks
--   4  priority   int     0 to 9, 9 first
--   5  keep_ms    int     how long a repeat finds the first answer
--   6  count      int     how many tasks; then their ids
-- REPLY
--   { 'reprioritised', of each task: 'reprioritised', status, version or 'refused', code, status }
--   { 'replayed', the same words as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch', '' }
--   of a task: 'unknown_task' | 'already_finished'
-- COST  4 + 3 per task; 1 ZREM, ZADD, XADD per index and call
local op = KEYS[3]
local now_arg, digest, by, priority, keep_ms, size = take(6)
local now, changer = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

return operate(op, digest, keep_ms, 'reprioritised', tonumber(size), function(id, row)
  if TERMINAL[row.status] then return nil, 'already_finished' end
  local before = row.priority or '5'
  if before == priority then return row.version end
  local why, fields = before .. '>' .. priority, {}
  if priority ~= '5' then fields[1], fields[2] = 'priority', priority end
  local version = change(id, row, 'reprioritise', now, changer, why, ' priority=' .. why, fields)
  if priority == '5' then redis.call('HDEL', task_key(id), 'priority') end
  if row.status == 'pending' then reorder(id, row, priority) end
  row.priority = priority
  return version
end)
