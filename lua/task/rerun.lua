-- task/rerun: run tasks once more that have ended; their history stays.
--
-- CLASS  drain
-- USES   lifecycle batch groups move rerun once operate
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  op         string  the remembered answer of this call
-- DERIVES task:<id> task:<id>:result task:<id>:error task:<id>:reason task:<id>:history task:<id>:waiting
--         task:<id>:parked queue:<name> queue:<name>:<status> queue:<name>:key:<key> flow:<id> flow:<id>:key:<key>
--         cascades hints:<queue>
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
-- COST  4 + 7 per task, 9 with a key, 3 more with children, 1 more in a flow; 1 ZREM, ZADD, XADD per index and call;
--       1 command per queue for its hints, 3 where it has none
local op = KEYS[3]
local now_arg, digest, by, reason, keep_ms, size = take(6)
local now, rerunner = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

return operate(op, digest, keep_ms, 'rerun', tonumber(size), function(id, row)
  return rerun(id, row, now, rerunner, reason)
end)
