-- task/cancel: end tasks that have not ended; one that runs is taken from its holder at once.
--
-- CLASS  drain
-- USES   lifecycle batch groups move endings edges once operate
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  op         string  the remembered answer of this call
-- DERIVES task:<id> task:<id>:reason task:<id>:history task:<id>:waiting task:<id>:parked held:<worker>:<boot>
--         queue:<name> queue:<name>:<status> queue:<name>:key:<key> flow:<id> flow:<id>:key:<key> scheduled cascades
--         hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  digest     text    of the request: a repeat under the same op id must ask the same
--   3  by         text    who asks
--   4  reason     text    why
--   5  keep_ms    int     how long a repeat finds the first answer
--   6  count      int     how many tasks; then their ids
-- REPLY
--   { 'cancelled', of each task: 'cancelled', status, version or 'refused', code, status }
--   { 'replayed', the same words as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch', '' }
--   of a task: 'unknown_task' | 'already_finished'
-- COST  4 + 5 per task, 7 with a key; 1 ZREM, ZADD, XADD per index and call
local op = KEYS[3]
local now_arg, digest, by, reason, keep_ms, size = take(6)
local now, canceller = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

return operate(op, digest, keep_ms, 'cancelled', tonumber(size), function(id, row)
  if TERMINAL[row.status] then return nil, 'already_finished' end
  return cancel(id, row, now, canceller, reason)
end, pass_on)
