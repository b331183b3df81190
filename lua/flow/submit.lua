-- flow/submit: write a piece of a flow as a draft, and with the last piece make it a flow; nobody sees half of one.
--
-- CLASS  grow
-- USES   lifecycle batch groups move endings edges create rerun flow once
-- KEYS
--   1  meta        hash    the shard
--   2  events      stream
--   3  queues      zset    queues that exist
--   4  scheduled   zset    due times
--   5  flow        hash    the flow
--   6  flow_tasks  zset    its tasks by their position
--   7  flows       zset    flows by the ms they came
--   8  drafts      zset    drafts by the ms at which they are given up
--   9  cascades    zset    what is still to be passed on
--   10 op          string  the remembered answer of this call; only with an idempotency key
-- DERIVES task:<id> task:<id>:payload task:<id>:tags task:<id>:parents task:<id>:children task:<id>:waiting
--         queue:<name> queue:<name>:<status> flow:<id>:key:<key> hints:<queue> kind:<name>
-- ARGV
--   1  now_ms      int     '' in production: the server's clock decides
--   2  by          text    who submits
--   3  digest      text    of the request, with an idempotency key; else ''
--   4  flow_id     text
--   5  name        text    what its submitter calls it, or ''
--   6  first       text    '1': the draft may be new; else it must be there
--   7  last        text    '1': make it a flow
--   8  tasks       int     how many tasks the whole flow has
--   9  edges       int     how many edges
--   10 count       int     how many tasks come here; then of each: position, parents, children (how many), queue, priority,
--      run_at_ms, key, payload, fields, and `fields` pairs of further fields; then how many lists of edges come, then of
--      each: 'parents' or 'children', position of the task, how many, and the positions of the others
-- REPLY
--   { 'drafted' }
--   { 'submitted', '1' if some of it is still to be laid out }
--   { 'replayed', flow id, 'draft' | 'submitted' }   the idempotency key belongs to this flow
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch' | 'unknown_flow', '' }
-- COST  10 + 3 per task, 1 per 100 edges; with the last piece of a small flow 4 more per task
local key, tasks_key, flows, drafts, cascades, op = KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10]
local now_arg, by, digest, flow, name, first, last, tasks, edges, count_arg = take(10)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end

if op then
  local answer = remembered(op, digest)
  if answer and (answer[2] ~= flow or answer[3] ~= 'draft') then return answer end
end
local known = redis.call('HMGET', key, 'created_ms', 'draft')
if known[1] and not known[2] then return { 'replayed', flow, 'submitted' } end
if known[2] == 'given_up' or (not known[1] and first == '') then return refused('unknown_flow') end

if not known[1] then
  redis.call('HSET', key, 'draft', '1', 'created_ms', now.digits, 'tasks', tasks, 'edges', '0')
  if name ~= '' then redis.call('HSET', key, 'name', name) end
  if by ~= '' then redis.call('HSET', key, 'submitted_by', by) end
  if op then
    redis.call('HSET', key, 'op', op)
    remember(op, digest, { 'drafted', flow, 'draft' }, OP_RETENTION_MS)
  end
end
redis.call('ZADD', drafts, digits(now.ms + DRAFT_MS), flow)

-- All ids of a flow differ in six digits only.
local front, back = string.sub(flow, 1, 27), string.sub(flow, 34)
local function id_at(position) return front .. string.format('%06x', position) .. back end

local function write_draft(id, parents, children)
  local task, set = take_task(), { 'draft', '1', 'flow', flow }
  local function put(field, value) set[#set + 1], set[#set + 2] = field, value end
  if parents ~= '0' then
    put('parents', parents)
    put('open_parents', parents)
  end
  if children ~= '0' then put('children', children) end
  write_task(id, task, set)
  if task.key ~= '' then redis.call('SET', dedupe_key(flow, task.queue, task.key), id) end
end

local places = {}
for _ = 1, tonumber(count_arg) do
  local position, parents, children = take(3)
  local id = id_at(position)
  places[#places + 1], places[#places + 2] = position, id
  write_draft(id, parents, children)
end
if #places > 0 then redis.call('ZADD', tasks_key, unpack(places)) end

-- Every edge stands on both of its sides; they are counted on one. All are open: nothing of a draft has ended.
local function write_edges(side, id, size)
  local others = {}
  for at = 1, size do
    local position = take()
    others[2 * at - 1], others[2 * at] = position, id_at(position)
  end
  local new = redis.call('ZADD', task_key(id) .. ':' .. side, unpack(others))
  if side == 'children' then redis.call('ZADD', task_key(id) .. ':waiting', unpack(others))
  elseif new > 0 then redis.call('HINCRBY', key, 'edges', new)
  end
end

for _ = 1, tonumber(take()) do
  local side, position, size = take(3)
  write_edges(side, id_at(position), tonumber(size))
end
if last == '' then return { 'drafted' } end

-- What arrived must be what was announced: an answer that was lost has its call repeated, not passed over.
local written = redis.call('HGET', key, 'edges')
if redis.call('ZCARD', tasks_key) ~= tonumber(tasks) or written ~= edges then return refused('unknown_flow') end
redis.call('ZREM', drafts, flow)
redis.call('HDEL', key, 'draft', 'op')
redis.call('HSET', key, 'created_ms', now.digits, 'doing', 'lay_out', 'doing_at', tasks)
redis.call('ZADD', flows, now.digits, flow)
if op then remember(op, digest, { 'submitted', flow, 'submitted' }, OP_RETENTION_MS) end
local is_small = tonumber(tasks) <= FLOW_CHUNK_TASKS and tonumber(edges) <= FLOW_SMALL_EDGES
local left = not is_small or not work_on(flow, { left = WEIGHT_OF_MOVE * FLOW_CHUNK_TASKS }, now)
if left then
  redis.call('ZADD', cascades, now.digits, flow)
  redis.call('HSET', META, 'tick_ms', now.digits)
end
write_batch()
return { 'submitted', left and '1' or '' }
