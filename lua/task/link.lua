-- task/link: make a task wait for another one, too.
--
-- CLASS  grow
-- USES   lifecycle batch groups move endings edges graph once
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  op         string  the remembered answer of this call
-- DERIVES task:<id> task:<id>:parents task:<id>:children task:<id>:waiting task:<id>:parked task:<id>:reason
--         task:<id>:history queue:<name> queue:<name>:<status> queue:<name>:key:<key> flow:<id> flow:<id>:key:<key>
--         scheduled cascades hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  digest     text    of the request: a repeat under the same op id must ask the same
--   3  by         text    who asks
--   4  keep_ms    int     how long a repeat finds the first answer
--   5  parent     text
--   6  child      text
-- REPLY
--   { 'linked', 'open' | 'held' | 'closed', status, version }   of the edge; and of the child
--   { 'replayed', the same words as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch' | 'unknown_task' | 'dependency_missing' | 'graph_too_large', '' }
--   { 'refused', 'conflict', status of the child }
--   { 'refused', 'dependency_cycle', ids from the child to the parent, with spaces between }
-- COST  20 + 1 per task that the search for a cycle looks at, which is bounded
local op = KEYS[3]
local now_arg, digest, by, keep_ms, parent, child = take(6)
local now, linker = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

local answer = remembered(op, digest)
if answer then return answer end
local row, above = read(task_key(child)), read(task_key(parent))
if not row then return refused('unknown_task') end
if not above then return refused('dependency_missing') end
if row.status == 'running' or TERMINAL[row.status] then return refused('conflict', row.status) end

-- Makes the edge; answers its state.
local function make_edge()
  local policy, why = row.on_parent_failure, 'parent=' .. parent
  local state = connect(parent, above.status, child, policy, now)
  local set = { 'parents', digits((row.parents or 0) + 1) }
  if above.flow == row.flow and row.flow then redis.call('HINCRBY', flow_key(row.flow), 'edges', 1) end
  if state ~= 'closed' then set[3], set[4] = 'open_parents', digits((row.open_parents or 0) + 1) end
  if state == 'closed' or row.status == 'blocked' then
    change(child, row, 'link', now, linker, why, ' ' .. why, set)
  else
    local line = ' ' .. why .. (by ~= '' and ' by=' .. by or '')
    move(child, row, 'block', now, { to = 'blocked', set = set, actor = linker, why = why, line = line })
  end
  if state == 'held' and policy == 'cancel' then
    cancel_child(child, now, parent, above.status)
    pass_on({ left = CASCADE_ROOM })
  end
  return state
end

local state, before = nil, row.version
if redis.call('ZSCORE', task_key(child) .. ':parents', parent) then
  state = edge_state(parent, child)
else
  local code, path = circle(parent, above, child, row)
  if code then return refused(code, path) end
  state = make_edge()
  write_batch()
end
local after = redis.call('HMGET', task_key(child), 'status', 'version')
local reply = { 'linked', state, after[1], after[2] }
if after[2] ~= before then remember(op, digest, reply, keep_ms) end
return reply
