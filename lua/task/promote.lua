-- task/promote: let scheduled tasks run now instead of when they are due.
--
-- CLASS  drain
-- USES   lifecycle batch groups move once operate
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  op         string  the remembered answer of this call
-- DERIVES task:<id> task:<id>:history queue:<name> queue:<name>:pending scheduled hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  digest     text    of the request: a repeat under the same op id must ask the same
--   3  by         text    who asks
--   4  reason     text    why
--   5  keep_ms    int     how long a repeat finds the first answer
--   6  count      int     how many tasks; then their ids
-- REPLY
--   { 'promoted', of each task: 'promoted', status, version or 'refused', code, status }
--   { 'replayed', the same words as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch', '' }
--   of a task: 'unknown_task' | 'conflict' | 'already_finished'
-- COST  4 + 3 per task; 1 ZREM, ZADD, XADD per index and call; 1 command per queue for its hints,
--       3 where it has none
local op = KEYS[3]
local now_arg, digest, by, reason, keep_ms, size = take(6)
local now, promoter = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

return operate(op, digest, keep_ms, 'promoted', tonumber(size), function(id, row)
  if TERMINAL[row.status] then return nil, 'already_finished' end
  if row.status ~= 'scheduled' then return nil, 'conflict' end
  local line = ' due=' .. row.run_at_ms
  if by ~= '' then line = line .. ' by=' .. by end
  return move(id, row, 'promote', now,
    { to = 'pending', actor = promoter, why = reason, line = line .. why_words(reason) })
end)
