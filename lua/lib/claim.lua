-- lib/claim: gives tasks to a holder: first what it holds without knowing it, then new ones.

-- What most tasks have no word of: answered as pairs behind the rest.
local SELDOM = { 'attempt', 'max_attempts', 'crashes', 'max_crashes', 'timeout_ms', 'priority', 'traceparent', 'parents' }

-- Appends what a claim answers of a task; `tag` is 'granted' or 'redelivered'.
local function answer_task(reply, tag, id, row, payload)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = tag, id, row.fence, queue_of(row)
  reply[at + 5], reply[at + 6], reply[at + 7] = row.kind, payload, '0'
  local size = 0
  for _, field in ipairs(SELDOM) do
    if row[field] then
      reply[at + size + 8], reply[at + size + 9] = field, row[field]
      size = size + 2
    end
  end
  if size > 0 then reply[at + 7] = digits(size) end
end

local function payload_of(key, row)
  return row.payload or redis.call('GET', key .. ':payload') or ''
end

-- Reads on in a source: one of a queue that ages has a band of priorities, any other has all of its index. Pieces grow, so a
-- queue that has everything is read in a few of them.
local function read_piece(source, step)
  local first, size = source.rank, source.piece
  if source.low then
    source.entries = redis.call('ZRANGE', source.pending, source.low, source.high, 'BYSCORE', 'LIMIT', first, size, 'WITHSCORES')
  elseif step == 2 then source.entries = redis.call('ZRANGE', source.pending, first, first + size - 1, 'WITHSCORES')
  else source.entries = redis.call('ZRANGE', source.pending, first, first + size - 1)
  end
  source.more = #source.entries == step * size
  source.at, source.rank, source.piece = 1, first + size, 2 * size
end

local function advance(source, step)
  source.at = source.at + step
  if not source.entries[source.at] and source.more then read_piece(source, step) end
  source.id = source.entries[source.at]
  source.score = step == 2 and tonumber(source.entries[source.at + 1])
  if source.low and source.id then source.score = aged_score(source.quota, source.score) end
end

-- Where candidates come from: the pending indexes of the queues that are not paused, each read a piece at a time. With
-- one queue its index has the right order; scores are asked for only where several must be merged.
local function sources_of(queues, wanted, now)
  local sources = { wait_ms = math.huge }
  for place, queue in ipairs(queues) do
    local state = redis.call('HMGET', queue.key, 'paused_ms', 'limited')
    queue.place = place
    if not state[1] and state[2] then add_limited(sources, queue, now)
    elseif not state[1] then sources[#sources + 1] = queue
    end
  end
  sources.step = (#sources == 1 and not sources.scored) and 1 or 2
  for _, source in ipairs(sources) do
    source.entries, source.at, source.more = {}, 0, true
    -- One more than is wanted tells whether any are left.
    source.rank, source.piece = 0, math.ceil(wanted / #sources) + 1
    advance(source, sources.step)
  end
  return sources
end

-- Has a source something to give, and may it?
local function is_open(source) return source.id and not (source.quota and source.quota.left <= 0) end

local function comes_before(source, other, listed)
  if not is_open(source) or not is_open(other) then return is_open(source) end
  if listed and source.place ~= other.place then return source.place < other.place end
  return source.score < other.score or (source.score == other.score and source.id < other.id)
end

-- The source whose `id` is the next candidate, strictly by priority, then by age, or first by the order in which its queues
-- were named; nil where there is none left.
local function next_source(sources, listed)
  if sources.last then advance(sources.last, sources.step) end
  local best = sources[1]
  for at = 2, #sources do
    if comes_before(sources[at], best, listed) then best = sources[at] end
  end
  if not best or not is_open(best) then return nil end
  sources.last = best
  return best
end

-- Grants one task; answers how long its payload is.
local function grant(id, key, row, holder, now, reply)
  must_allow('claim', row.status, 'running')
  local fence_us = row.fence and math.max(row.fence + 1, now.us) or now.us
  local fence, version = digits(fence_us), digits(row.version + 1)
  redis.call('HSET', key, 'status', 'running', 'worker', holder.worker, 'boot', holder.boot,
    'fence', fence, 'started_ms', now.digits, 'version', version)
  if row.outcome then redis.call('HDEL', key, 'outcome') end
  row.fence = fence
  count_running(queue_of(row), row, 1)
  enter(holder.held, digits(fence_us + (row.timeout_ms or TIMEOUT_MS) * 1000), id)
  note_move(id, row, 'claim', now, 'running', version, holder)
  local payload = payload_of(key, row)
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
      local payload = payload_of(task_key(id), row)
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

-- Grants a candidate, or passes it over. A task on its last life is given only to a holder that holds nothing, as the
-- only one; a holder that is busy is told that it waits.
local function grant_or_skip(id, source, room, holder, now, reply)
  local key, quota = task_key(id), source.quota
  local row = read(key)
  local alone = row and is_last_life(row)
  if not row or row.status ~= 'pending' then
    leave(source.pending, id)
  elseif row.open_parents and row.open_parents ~= '0' then
    reject(id, row, now)
  elseif quota and row.group and not has_place(queue_of(row), row.group) then
    leave(source.pending, id)
    set_aside(queue_of(row), id, row, pending_since(row))
    room.aside = true
  elseif alone and room.held > 0 then
    room.waiting = 'solo_waiting'
  else
    if quota then use_quota(quota, source) end
    room.bytes = room.bytes - grant(id, key, row, holder, now, reply)
    room.tasks, room.held, room.granted = alone and 0 or room.tasks - 1, room.held + 1, room.granted + 1
  end
end

-- Takes candidates while there is room, and looks at no more than it may.
local function grant_from(sources, room, listed, holder, now, reply)
  while room.tasks > 0 and room.bytes > 0 and room.looks > 0 do
    local source = next_source(sources, listed)
    if not source then return end
    if not room.seen[source.id] then
      room.seen[source.id] = true
      room.looks = room.looks - 1
      grant_or_skip(source.id, source, room, holder, now, reply)
    end
  end
end

-- A claimer that takes all it has room for and leaves some wakes the next one, so that a hint reaches all who are needed.
-- One that found nothing for itself wakes nobody: two of those would wake each other for ever.
local function hint_left(sources, room)
  if room.granted == 0 or (room.tasks > 0 and room.bytes > 0) then return end
  for _, source in ipairs(sources) do
    local at = source == sources.last and source.at + sources.step or source.at
    local may = not source.quota or source.quota.left > 0
    if source.name and may and (source.entries[at] or source.more) then hint(source.name, 1) end
  end
end

-- What there is to say of tasks that were not given: one must run alone, or there is something in so many ms.
local function waiting_word(sources, room)
  if room.waiting ~= '' then return room.waiting end
  if room.granted > 0 and room.tasks <= 0 then return '' end
  if room.aside and room.looks <= 0 then return '0' end
  return sources and sources.wait_ms and sources.wait_ms < math.huge and digits(sources.wait_ms) or ''
end

-- The claim itself. `ask` says: max; queues, or the one source that was asked for by id (found); listed (pairs the
-- holder knows) and their order; without (settled by this call); whether the queues' order comes first. Appends to `reply`:
-- the word for what waits ('', 'solo_waiting', or in how many ms to ask again), the pairs that are gone, how many tasks,
-- then the tasks.
local function claim_tasks(holder, ask, now, reply)
  local unknown, held, found = compare(holder.held, ask.listed, ask.without)
  local room = { bytes = CALL_BYTES_MAX, held = held, granted = 0, waiting = '', seen = {} }
  local waiting_at = #reply + 1
  reply[waiting_at] = ''
  answer_gone(reply, ask.order, found, holder.worker)
  local count_at = #reply + 1
  reply[count_at] = '0'
  local given, sources = redeliver(unknown, ask.max > 0 and ask.max or #unknown, room, reply), nil
  room.tasks = math.min(ask.max - given, HELD_TASKS_MAX - held)
  if room.tasks > 0 and not lives_alone(holder.held, held, ask.without) then
    room.looks = room.tasks + CLAIM_SKIPS_MAX
    sources = ask.found or sources_of(ask.queues, room.tasks, now)
    grant_from(sources, room, ask.in_order, holder, now, reply)
    keep_quotas(sources, now)
    hint_left(sources, room)
  end
  reply[waiting_at], reply[count_at] = waiting_word(sources, room), digits(given + room.granted)
end
