-- lib/prune: removes finished tasks whose time is over.

local ENDS = { 'completed', 'failed', 'timeout', 'cancelled' }
-- How long a queue keeps those that ended so, where that differs from the others; in the order of the ends.
local KEPT = { 'retention_completed_ms', 'retention_failed_ms', 'retention_timeout_ms', 'retention_cancelled_ms' }
local BESIDE = { '', ':payload', ':result', ':error', ':reason', ':tags', ':history', ':log', ':refused', ':parents', ':children',
  ':waiting', ':parked' }

-- A flow goes when all of it has ended, its time counted from its end. What of it has to stay meanwhile (others wait for
-- it, or its queue keeps longer) can still be rerun, and then the rest stays too.
local function flow_may_go(flow, cutoff)
  local state = redis.call('HMGET', flow_key(flow), 'live', 'finished_ms', 'doing')
  return (not state[1] or state[1] == '0') and not state[3] and tonumber(state[2] or 0) <= cutoff
end

-- Takes a task out of the lists of those it waited for, as far as there is room; answers whether nobody names it now. An
-- open edge keeps nobody who has ended. What takes several pieces is marked first: a rerun between two of them would
-- find a part of its edges only.
local function forget_parents(id, row, room)
  local key = task_key(id)
  local parents = redis.call('ZRANGE', key .. ':parents', 0, room.edges - 1)
  local open = tonumber(row.open_parents or 0)
  for _, parent in ipairs(parents) do
    local above = task_key(parent)
    open = open - redis.call('ZREM', above .. ':waiting', id) - redis.call('ZREM', above .. ':parked', id)
    if redis.call('ZREM', above .. ':children', id) == 1 then lower(parent, 'children') end
  end
  room.edges = room.edges - #parents
  if #parents > 0 then redis.call('ZREMRANGEBYRANK', key .. ':parents', 0, #parents - 1) end
  local left = redis.call('ZCARD', key .. ':parents')
  if left > 0 then
    redis.call('HSET', key, 'parents', left, 'open_parents', digits(math.max(open, 0)), 'pruned_ms', NOW.digits)
  end
  return left == 0
end

-- Do any that have not ended still want to see what became of this one? Those that ended are forgotten on the way; nil
-- where there was no room to look at all of them.
local function is_wanted(id, room)
  local list = task_key(id) .. ':children'
  local children = redis.call('ZRANGE', list, 0, room.edges - 1)
  for _, child in ipairs(children) do
    room.edges = room.edges - 1
    local status = redis.call('HGET', task_key(child), 'status')
    if status and not TERMINAL[status] then return true end
    redis.call('ZREM', list, child)
    lower(id, 'children')
    if redis.call('ZREM', task_key(child) .. ':parents', id) == 1 then lower(child, 'parents') end
  end
  if redis.call('EXISTS', list) == 0 then return false end
end

-- A task goes when nobody waits for it and those that follow it have ended. Nil where edges of it are left to be
-- forgotten before that: some were, so it comes to an end.
local function may_go(id, row, cutoff, room)
  if row.flow and not flow_may_go(row.flow, cutoff) then return false end
  local key = task_key(id)
  if row.children then
    if redis.call('EXISTS', key .. ':waiting', key .. ':parked') > 0 then return false end
    local wanted = is_wanted(id, room)
    if wanted then return false end
    if wanted == nil then return nil end
  end
  if not row.parents then return true end
  if room.edges > 0 and forget_parents(id, row, room) then return true end
end

local function leave_flow(id, flow, status)
  local key = flow_key(flow)
  redis.call('ZREM', key .. ':tasks', id)
  redis.call('HINCRBY', key, status, -1)
  if redis.call('EXISTS', key .. ':tasks') == 0 then
    redis.call('UNLINK', key)
    redis.call('ZREM', SHARD .. 'flows', flow)
  end
end

-- Where else the task is listed, for whoever writes behind: when he hears of it, the task itself is gone.
local function pruned_words(id, row)
  local tags, words = row.tags or redis.call('GET', task_key(id) .. ':tags'), {}
  if tags and tags ~= '' then words[1] = 'tags=' .. tags end
  if row.worker then words[#words + 1] = 'worker=' .. row.worker end
  return table.concat(words, ' ')
end

local function remove_task(id, row, keys)
  for _, beside in ipairs(BESIDE) do keys[#keys + 1] = task_key(id) .. beside end
  -- Nobody is left to whom its end could still come.
  leave(CASCADES, id)
  withdraw_result(id, row, keys)
  tell('prune', NOBODY, id, event_text(row, row.version, pruned_words(id, row)))
  if row.flow then leave_flow(id, row.flow, row.status) end
end

-- Removes what may go from one index, oldest first. Answers at which rank to go on next time, as those that have to stay
-- are passed over then; nil if the index has been seen to its end.
local function prune_index(index, status, cutoff, skip, room, keys)
  local flat = redis.call('ZRANGE', index, skip, skip + room.tasks - 1, 'WITHSCORES')
  local stayed = 0
  for at = 1, #flat, 2 do
    if tonumber(flat[at + 1]) > cutoff then return nil end
    if room.edges <= 0 then return skip + stayed end
    local id = flat[at]
    local row = read(task_key(id))
    room.tasks = room.tasks - 1
    local gone = not row or row.status ~= status
    local may = gone or may_go(id, row, cutoff, room)
    if may ~= false then room.moved = true end
    if may == nil then return skip + stayed end
    if may then leave(index, id) else stayed = stayed + 1 end
    if may and not gone then
      remove_task(id, row, keys)
      room.removed = room.removed + 1
    end
  end
  return room.tasks <= 0 and skip + stayed or nil
end

-- The indexes of one queue, from a place on; answers the place at which the room ended.
local function prune_queue(queue, number, skip, room, keys, now)
  local kept = redis.call('HMGET', queue_key(queue), 'retention_ms', unpack(KEPT))
  for at = number, #ENDS do
    local retention = kept[at + 1] or kept[1] or RETENTION_MS
    local stopped = retention ~= 'forever'
      and prune_index(index_key(queue, ENDS[at]), ENDS[at], now.ms - retention, at == number and skip or 0, room, keys)
    if stopped then return digits(at) .. ' ' .. digits(stopped) end
  end
end

-- Goes round the queues, a piece each tick; `prune_at` says in which queue, and at which rank of which of its indexes,
-- the last piece ended. Answers how many it removed, and whether there may be more.
local function prune(queues, meta, now)
  local room, keys = { tasks = PRUNE_TASKS_MAX, edges = PRUNE_EDGES_MAX, removed = 0 }, {}
  local first, number, skip = string.match(meta.prune_at or '0 1 0', '^(%d+) (%d+) (%d+)$')
  local names = redis.call('ZRANGE', queues, first, first + SWEEP_QUEUES_MAX - 1)
  local next_at = (#names < SWEEP_QUEUES_MAX and '0' or digits(first + #names)) .. ' 1 0'
  local stopped
  for at, queue in ipairs(names) do
    stopped = prune_queue(queue, at == 1 and tonumber(number) or 1, at == 1 and tonumber(skip) or 0, room, keys, now)
    if stopped then
      next_at = digits(first + at - 1) .. ' ' .. stopped
      break
    end
  end
  -- Entries of an index may name tasks that are gone already, so there may be nothing to remove.
  if #keys > 0 then redis.call('UNLINK', unpack(keys)) end
  redis.call('HSET', META, 'prune_at', next_at)
  return room.removed, stopped and room.moved
end
