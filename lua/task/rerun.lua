-- task/rerun: run tasks once more that have ended; their history stays.
--
-- CLASS  drain
-- USES   lifecycle batch move once operate
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  op         string  the remembered answer of this call
-- DERIVES task:<id> task:<id>:result task:<id>:error task:<id>:reason task:<id>:history queue:<name>
--         queue:<name>:<status> queue:<name>:key:<key> hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  digest     text    of the request: a repeat under the same op id must ask the same
--   3  by         text    who asks
--   4  reason     text    why
--   5  keep_ms    int     how long a repeat finds the first answer
--   6  count      int     how many tasks; then their ids
-- REPLY
--   { 'rerun', of each task: 'rerun', status, version or 'refused', code, status }
--   { 'replayed', the same words as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch', '' }
--   of a task: 'unknown_task' | 'conflict' | 'duplicate_key'
-- COST  4 + 6 per task, 8 with a key; 1 ZREM, ZADD, XADD per index and call; 1 command per queue for its hints,
--       3 where it has none
local op = KEYS[3]
local now_arg, digest, by, reason, keep_ms, size = take(6)
local now, rerunner = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

-- What the run before leaves behind for the history, as the new run overwrites it.
local function end_line(row)
  local line = ' finished=' .. row.finished_ms
  if by ~= '' then line = line .. ' by=' .. by end
  if row.started_ms then line = line .. run_line(row) end
  return line .. why_words(reason)
end

return operate(op, digest, keep_ms, 'rerun', tonumber(size), function(id, row)
  if not TERMINAL[row.status] then return nil, 'conflict' end
  if row.key then
    local holder = queue_key(queue_of(row)) .. ':key:' .. row.key
    if redis.call('EXISTS', holder) == 1 then return nil, 'duplicate_key' end
    redis.call('SET', holder, id)
  end
  local line, set = end_line(row), { 'outcome', 'rerun' }
  local dropped = { 'finished_ms', 'finished_by', 'attempt', 'crashes' }
  for _, name in ipairs({ 'result', 'error', 'reason' }) do put_value(task_key(id), set, dropped, name, '', true) end
  row.attempt, row.crashes = nil, nil
  local open = row.open_parents and row.open_parents ~= '0'
  return move(id, row, 'rerun', now, { to = open and 'blocked' or 'pending', set = set, drop = dropped,
    actor = rerunner, why = reason, line = line })
end)
