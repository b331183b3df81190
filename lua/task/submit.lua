-- task/submit: make tasks, all that are not refused in one step; each exists at most once however often it is sent.
--
-- CLASS  grow
-- USES   lifecycle batch groups move endings edges create cache once
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  queues     zset    queues that exist
--   4  scheduled  zset    due times
--   5  op         string  the remembered answer of this call; only with an idempotency key
-- DERIVES task:<id> task:<id>:payload task:<id>:tags task:<id>:parents task:<id>:children task:<id>:waiting
--         task:<id>:parked queue:<name> queue:<name>:<status> queue:<name>:key:<key> flow:<id> flow:<id>:tasks
--         flow:<id>:key:<key> task:<id>:reason task:<id>:history cascades hints:<queue> kind:<name> cache:<digest>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  by         text    who submits
--   3  digest     text    of the request, with an idempotency key; else ''
--   4  count      int     how many tasks; then of each:
--      id, on_duplicate, how many parents, their ids, queue, priority, run_at_ms, key, payload, fields, and `fields`
--      pairs of further fields; priority is '' where the kind has a say, else the usual one; run_at_ms is '' for now, a
--      Unix time, or '+' and how many ms from now
-- REPLY
--   { 'submitted', then of each task: 'created' | 'existing' | 'duplicate', id, status, version
--                                           or 'cached', id of a task that has completed with the same words, status, version
--                                           or 'refused', id of the other, 'duplicate_key', ''
--                                           or 'refused', id of the parent or flow, 'dependency_missing' | 'unknown_flow', '' }
--   { 'replayed', the same words as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch', '' }
-- COST  4 + 4 per task, 1 per kind, 5 per parent, 3 more in a flow, 12 more in the place of another; 1 ZADD per queue,
--       1 XADD per 100 tasks; 1 command per queue for its hints, 3 where it has none
local queues, op = KEYS[3], KEYS[5]
local now_arg, by, digest, count_arg = take(4)
local now, submitter = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

if op then
  local answer = remembered(op, digest)
  if answer then return answer end
end

local function state_of(id)
  local state = redis.call('HMGET', task_key(id), 'status', 'version')
  return state[1], state[2]
end

-- What the parents of a task to be are, and how many are of its flow; or the code and the id with which it is refused.
local function statuses_of(parents, flow)
  local statuses = { within = 0 }
  for at, parent in ipairs(parents) do
    local state = redis.call('HMGET', task_key(parent), 'status', 'draft', 'flow')
    if not state[1] or state[2] then return nil, 'dependency_missing', parent end
    statuses[at] = state[1]
    if flow and state[3] == flow then statuses.within = statuses.within + 1 end
  end
  return statuses
end

-- Why no task can join this flow, or nil: it must be there, and whole.
local function no_joining(flow)
  local state = redis.call('HMGET', flow_key(flow), 'tasks', 'draft')
  if not state[1] or state[2] then return 'unknown_flow' end
end

local function join_flow(id, flow)
  local position = redis.call('HINCRBY', flow_key(flow), 'tasks', 1)
  redis.call('ZADD', flow_key(flow) .. ':tasks', position, id)
end

-- The policy and the flow of a task to be are among its fields.
local function field_of(task, name)
  for at = 1, #task.fields, 2 do
    if task.fields[at] == name then return task.fields[at + 1] end
  end
end

-- Connects a task that has been written with its parents; answers how many edges are open, and a parent that has ended
-- already and takes the task with it.
local function connect_parents(id, task, parents, statuses)
  local policy, open, ended = field_of(task, 'on_parent_failure'), 0, nil
  for at, parent in ipairs(parents) do
    local state = connect(parent, statuses[at], id, policy, now)
    if state ~= 'closed' then open = open + 1 end
    if state == 'held' and policy == 'cancel' then ended = ended or at end
  end
  return open, ended
end

local function create(id, task, parents, statuses)
  local open, ended = connect_parents(id, task, parents, statuses)
  local later = is_later(task.run_at_ms)
  local status = open > 0 and 'blocked' or later and 'scheduled' or 'pending'
  local set = { 'status', status, 'version', '1', 'created_ms', now.digits }
  if #parents > 0 then task.fields[#task.fields + 1], task.fields[#task.fields + 2] = 'parents', digits(#parents) end
  if open > 0 then set[7], set[8] = 'open_parents', digits(open) end
  local row = write_task(id, task, set)
  if row.flow then
    join_flow(id, row.flow)
    if statuses.within > 0 then redis.call('HINCRBY', flow_key(row.flow), 'edges', statuses.within) end
  end
  place_task(id, row, status, task.run_at_ms, now, submitter)
  if ended then
    cancel_child(id, now, parents[ended], statuses[ended])
    status = 'cancelled'
  end
  return status, ended and '2' or '1'
end

local seen, reply = {}, { 'submitted' }
local function answer(tag, id, status, version)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = tag, id, status, version
end

-- A task that has its key is there for as long as it lives.
local function take_key(holder, id)
  if holder then redis.call('SET', holder, id) end
end

local function meet_queue(queue)
  if seen[queue] then return end
  seen[queue] = true
  redis.call('ZADD', queues, 'NX', now.digits, queue)
end

-- A task that does not run makes room for the one that is to come in its place. What this call has gathered of it is
-- written before it moves again.
local function replace(live, id)
  local row = read(task_key(live))
  if not row or row.status == 'running' then return false end
  write_batch()
  cancel(live, row, now, submitter, 'replaced by ' .. id)
  return true
end

-- A completed task that may answer in the place of this one, and its version.
local function result_for(task)
  local digest = field_of(task, 'cache')
  if digest then return usable_result(digest, field_of(task, 'cache_ttl_ms'), field_of(task, 'kind'), task) end
end

local function submit(id, on_duplicate, parents, task)
  local flow = field_of(task, 'flow')
  local status, version = state_of(id)
  if status then return answer('existing', id, status, version) end
  local no_flow = flow and no_joining(flow)
  if no_flow then return answer('refused', flow, no_flow, '') end
  local holder = task.key ~= '' and dedupe_key(flow, task.queue, task.key)
  -- The live task that carries this key, if there is one.
  local live = holder and redis.call('GET', holder)
  if live and on_duplicate == 'return' then return answer('duplicate', live, state_of(live)) end
  if live and on_duplicate == 'reject' then return answer('refused', live, 'duplicate_key', '') end
  local done, done_version = result_for(task)
  if done then return answer('cached', done, 'completed', done_version) end
  local statuses, code, other = statuses_of(parents, flow)
  if code then return answer('refused', other, code, '') end
  if live and not replace(live, id) then return answer('refused', live, 'duplicate_key', '') end
  take_key(holder, id)
  meet_queue(task.queue)
  answer('created', id, create(id, task, parents, statuses))
end

for _ = 1, tonumber(count_arg) do
  local id, on_duplicate, parent_count = take(3)
  local parents = { take(tonumber(parent_count)) }
  submit(id, on_duplicate, parents, take_task())
end

write_batch()
if op then remember(op, digest, reply, OP_RETENTION_MS) end
return reply
