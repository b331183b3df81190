-- lib/claim: gives tasks to a holder: first what it holds without knowing it, then new ones.

-- What a claim answers of a task, after the tag 'granted' or 'redelivered'.
local function answer_task(reply, tag, id, row, payload)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = tag, id, row.fence, queue_of(row)
  reply[at + 5], reply[at + 6], reply[at + 7] = row.kind, row.attempt or '0', row.max_attempts or ''
  reply[at + 8], reply[at + 9], reply[at + 10] = row.crashes or '0', row.timeout_ms or '', row.priority or ''
  reply[at + 11], reply[at + 12] = row.traceparent or '', payload
end

local function payload_of(id, row)
  return row.payload or redis.call('GET', task_key(id) .. ':payload') or ''
end

-- The pending tasks at ranks `first` to `last` of the queues that are not paused, strictly by priority, then by age.
local function candidates(queues, first, last)
  local found = {}
  for _, queue in ipairs(queues) do
    if not redis.call('HGET', queue.key, 'paused_ms') then
      local flat = redis.call('ZRANGE', queue.pending, first, last, 'WITHSCORES')
      for at = 1, #flat, 2 do
        found[#found + 1] = { id = flat[at], score = tonumber(flat[at + 1]), pending = queue.pending }
      end
    end
  end
  if #queues > 1 then
    table.sort(found, function(a, b) return a.score < b.score or (a.score == b.score and a.id < b.id) end)
  end
  return found
end

-- Grants one task; answers how long its payload is.
local function grant(id, row, holder, now, reply)
  local fence = digits(math.max((row.fence or 0) + 1, now.us))
  local version = row.version + 1
  if not allowed('claim', row.status, 'running') then error('BROKEN no claim from ' .. row.status) end
  redis.call('HSET', task_key(id), 'status', 'running', 'worker', holder.worker, 'boot', holder.boot,
    'fence', fence, 'started_ms', now.digits, 'version', version)
  if row.outcome then redis.call('HDEL', task_key(id), 'outcome') end
  leave_index(id, row)
  row.fence = fence
  enter(holder.held, digits(fence + (row.timeout_ms or TIMEOUT_MS) * 1000), id)
  count(queue_of(row), 'running', 1)
  tell('claim', holder.actor, id, event_text(row, version))
  local payload = payload_of(id, row)
  answer_task(reply, 'granted', id, row, payload)
  return #payload
end

-- A candidate that may not run: the gate is here, whatever the index says.
local function reject(id, row, now)
  local line = ' open_parents=' .. row.open_parents
  move(id, row, 'claim_rejected', now, { to = 'blocked', line = line, why = 'open_parents=' .. row.open_parents })
end

-- Payloads of one answer are bounded together; the task that passes the bound is the last.
local function redeliver(unknown, max, room, reply)
  local given = 0
  for _, id in ipairs(unknown) do
    if given >= max or room.bytes <= 0 then break end
    local row = read(task_key(id))
    if row and row.status == 'running' then
      local payload = payload_of(id, row)
      answer_task(reply, 'redelivered', id, row, payload)
      room.bytes = room.bytes - #payload
      given = given + 1
    end
  end
  return given
end

-- Does the holder live through the last life of a task? Then it claims nothing beside it.
local function lives_alone(held, size, without)
  if size ~= 1 then return false end
  for _, id in ipairs(redis.call('ZRANGE', held, 0, -1)) do
    if not without[id] then
      local row = read(task_key(id))
      return row and is_last_life(row)
    end
  end
end

-- Takes candidates while there is room. A task on its last life is given only to a holder that holds nothing, as the
-- only one; a holder that is busy passes it over and is told so.
local function grant_from(found, room, holder, now, reply)
  for _, candidate in ipairs(found) do
    if room.tasks <= 0 or room.bytes <= 0 then return end
    local id = candidate.id
    local row = read(task_key(id))
    if not row or row.status ~= 'pending' then
      leave(candidate.pending, id)
    elseif row.open_parents and row.open_parents ~= '0' then
      reject(id, row, now)
      room.skipped = room.skipped + 1
    elseif is_last_life(row) and room.held > 0 then
      room.waiting = 'solo_waiting'
      room.skipped = room.skipped + 1
    else
      room.bytes = room.bytes - grant(id, row, holder, now, reply)
      room.tasks, room.held, room.granted = room.tasks - 1, room.held + 1, room.granted + 1
      if is_last_life(row) then room.tasks = 0 end
    end
  end
end

-- Why this one task cannot be claimed, or nil.
local function refusal_of_one(row, holder)
  if not row then return 'unknown_task' end
  if TERMINAL[row.status] then return 'already_finished' end
  if row.status == 'running' then
    return (row.worker ~= holder.worker or row.boot ~= holder.boot) and 'conflict' or nil
  end
  if row.status == 'blocked' or (row.open_parents and row.open_parents ~= '0') then return 'parents_open' end
  if row.status ~= 'pending' then return 'conflict' end
  if redis.call('HGET', queue_key(queue_of(row)), 'paused_ms') then return 'queue_paused' end
end

-- The claim itself. `ask` says: max, queues or the candidates that were asked for by id (found), listed (pairs the
-- holder knows), without (settled by this call).
-- Appends to `reply`: the word for what waits ('' or 'solo_waiting'), how many tasks, then the tasks.
local function claim_tasks(holder, ask, now, reply)
  local unknown, held = compare(holder.held, ask.listed, ask.without)
  local tasks, room = {}, { bytes = CALL_BYTES_MAX, held = held, granted = 0, skipped = 0, waiting = '' }
  local given = redeliver(unknown, ask.max > 0 and ask.max or #unknown, room, tasks)
  room.tasks = math.min(ask.max - given, HELD_TASKS_MAX - held)
  if room.tasks > 0 and not lives_alone(holder.held, held, ask.without) then
    local last = room.tasks - 1
    grant_from(ask.found or candidates(ask.queues, 0, last), room, holder, now, tasks)
    if room.tasks > 0 and room.skipped > 0 and not ask.found then
      grant_from(candidates(ask.queues, last + 1, last + CLAIM_SKIPS_MAX), room, holder, now, tasks)
    end
  end
  reply[#reply + 1] = room.waiting
  reply[#reply + 1] = digits(given + room.granted)
  for at = 1, #tasks do reply[#reply + 1] = tasks[at] end
end
