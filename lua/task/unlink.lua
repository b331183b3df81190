-- task/unlink: make a task no longer wait for another one.
--
-- CLASS  drain
-- USES   lifecycle batch groups move endings edges once
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  op         string  the remembered answer of this call
-- DERIVES task:<id> task:<id>:parents task:<id>:children task:<id>:waiting task:<id>:parked task:<id>:history
--         queue:<name> queue:<name>:<status> flow:<id> scheduled hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  digest     text    of the request: a repeat under the same op id must ask the same
--   3  by         text    who asks
--   4  keep_ms    int     how long a repeat finds the first answer
--   5  parent     text
--   6  child      text
-- REPLY
--   { 'unlinked', 'none' if there was no such edge, else '', status, version }   of the child
--   { 'replayed', the same words as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch' | 'unknown_task', '' }
-- COST  20
local op = KEYS[3]
local now_arg, digest, by, keep_ms, parent, child = take(6)
local now, unlinker = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

local answer = remembered(op, digest)
if answer then return answer end
local row = read(task_key(child))
if not row then return refused('unknown_task') end

-- The parent may be gone: then nothing of it is open.
local function remove_edge()
  local key, why = task_key(parent), 'unlinked=' .. parent
  local open = redis.call('ZREM', key .. ':waiting', child) + redis.call('ZREM', key .. ':parked', child)
  redis.call('ZREM', key .. ':children', child)
  lower(parent, 'children')
  lower(child, 'parents')
  if row.flow and redis.call('HGET', key, 'flow') == row.flow then
    redis.call('HINCRBY', flow_key(row.flow), 'edges', -1)
  end
  local left = math.max((row.open_parents or 0) - open, 0)
  if open > 0 and left == 0 and row.status == 'blocked' then return unblock(child, row, now, unlinker, why) end
  local set = open > 0 and { 'open_parents', digits(left) } or {}
  change(child, row, 'unlink', now, unlinker, why, ' ' .. why, set)
end

local gone = redis.call('ZREM', task_key(child) .. ':parents', parent)
if gone == 1 then
  remove_edge()
  write_batch()
end
local reply = { 'unlinked', gone == 1 and '' or 'none', row.status, row.version }
if gone == 1 then remember(op, digest, reply, keep_ms) end
return reply
