-- lib/batch: the index writes of one call, gathered so that each index is written once however many tasks move.
-- With AOF on every write command is a write to the log.
local REMOVED, ADDED, COUNTED, GROUPED, FLOWED, TOLD, HINTED = {}, {}, {}, {}, {}, {}, {}
-- Said by lib/groups, where tasks move.
local write_groups
local batch_kinds, batch_keys, batch_size = {}, {}, 0
local CASCADES, ends_left = SHARD .. 'cascades', false

-- The list that is gathered for a key. It knows its length, as asking for it costs more the longer it is.
local function bucket(kind, key)
  local list = kind[key]
  if not list then
    list = { size = 0 }
    kind[key] = list
    batch_size = batch_size + 1
    batch_kinds[batch_size], batch_keys[batch_size] = kind, key
  end
  return list
end

local function leave(index, id)
  local list = REMOVED[index] or bucket(REMOVED, index)
  local size = list.size + 1
  list[size], list.size = id, size
end

local function enter(index, score, id)
  local list = ADDED[index] or bucket(ADDED, index)
  local size = list.size
  list[size + 1], list[size + 2], list.size = score, id, size + 2
end

-- How many tasks of a queue are running or scheduled: the two statuses whose index is not per queue.
local function count(queue, status, by)
  local counts = COUNTED[queue] or bucket(COUNTED, queue)
  counts[status] = (counts[status] or 0) + by
end

-- How many tasks of a flow are in each status, and in any that is not an end.
local function count_flow(flow, from, to)
  local counts = FLOWED[flow] or bucket(FLOWED, flow)
  if from then counts[from] = (counts[from] or 0) - 1 end
  if to then counts[to] = (counts[to] or 0) + 1 end
end

-- Tasks that ended in this call and that others wait for, in order; and since when the end is on its way that ended them,
-- if it is older than this call. What the call does not pass on to those itself, it
-- leaves to the chore.
local ENDED = { first = 1, size = 0 }
local function note_end(id, status)
  ENDED.size = ENDED.size + 1
  ENDED[ENDED.size] = { id = id, status = status }
end

-- Notes that so many tasks of a queue wait for claimers who may be idle.
local function hint(queue, by)
  local hints = HINTED[queue] or bucket(HINTED, queue)
  hints.size = hints.size + by
end

local NOBODY = actor()

-- Notes something for the stream: what one actor does in one call under one name shares an entry.
local function announce(event, by)
  local told = bucket(TOLD, event .. ' ' .. by.worker .. ':' .. by.boot)
  if not told.event then told.event, told.actor = event, by end
  return told
end

local last_event, last_actor, last_told
local function tell(event, by, id, text)
  if event ~= last_event or by ~= last_actor then
    last_event, last_actor, last_told = event, by, announce(event, by)
  end
  local told = last_told
  local size = told.size
  told[size + 1], told[size + 2], told.size = id, text, size + 2
end

local function write_event(told)
  local by = told.actor
  for first = 1, math.max(told.size, 1), 2 * EVENT_TASKS_MAX do
    local entry = { 'event', told.event }
    for _, word in ipairs({ 'worker', 'boot', 'by' }) do
      if by[word] ~= '' then
        entry[#entry + 1] = word
        entry[#entry + 1] = by[word]
      end
    end
    for at = first, math.min(told.size, first + 2 * EVENT_TASKS_MAX - 1) do entry[#entry + 1] = told[at] end
    redis.call('XADD', EVENTS, '*', unpack(entry))
  end
  return math.max(told.size / 2, 1)
end

-- An idle claimer waits in a BLPOP of the queue's hints, and Redis hands one hint to one who waits, at once. A list that
-- is still there therefore means that nobody waits: a busy fleet pays a look, and no write. Where more tasks came than
-- hints are left, each claim that leaves some hints again.
local function write_hints(queue, count)
  local key = SHARD .. 'hints:' .. queue
  if redis.call('EXISTS', key) == 1 or redis.call('HGET', queue_key(queue), 'paused_ms') then return end
  local words = {}
  for at = 1, math.min(count, HINTS_MAX) do words[at] = '1' end
  redis.call('RPUSH', key, unpack(words))
end

local function write_counts(queue, counts)
  for _, status in ipairs({ 'running', 'scheduled' }) do
    local by = counts[status]
    if by and by ~= 0 then redis.call('HINCRBY', queue_key(queue), status, digits(by)) end
  end
  -- Where a limit may have kept claimers away, there is room now.
  if (counts.running or 0) < 0 and redis.call('HGET', queue_key(queue), 'concurrency') then
    write_hints(queue, -counts.running)
  end
end

-- A flow has ended when nothing of it is left to end; a rerun, or a task that joins it, lets it live again.
local function write_flow_counts(flow, counts)
  local key, live = flow_key(flow), 0
  for _, status in ipairs({ 'scheduled', 'blocked', 'pending', 'running', 'completed', 'failed', 'timeout', 'cancelled' }) do
    local by = counts[status]
    if by and by ~= 0 then
      redis.call('HINCRBY', key, status, digits(by))
      if not TERMINAL[status] then live = live + by end
    end
  end
  if live == 0 then return end
  local left = redis.call('HINCRBY', key, 'live', digits(live))
  if left == 0 then redis.call('HSET', key, 'finished_ms', NOW.digits)
  elseif left == live then redis.call('HDEL', key, 'finished_ms')
  end
end

-- Has somebody said lately that he is passing ends on? A clock that went back says nothing.
local function is_passing(cascaded_ms)
  local silence = NOW.ms - (cascaded_ms or 0)
  return silence >= 0 and silence < CASCADE_SILENCE_MS
end

-- The ends that are left go onto the list of the chore, which is due at once if nobody is at it.
local function write_ends()
  if ENDED.size == 0 then return end
  local left = {}
  for at = ENDED.first, ENDED.size do
    left[#left + 1], left[#left + 2] = ENDED.since or NOW.digits, ENDED[at].id
  end
  ENDED.first, ENDED.size = 1, 0
  if #left == 0 then return end
  redis.call('ZADD', CASCADES, unpack(left))
  -- Whoever is passing ends on comes to these too.
  if is_passing(redis.call('HGET', META, 'cascaded_ms')) then return end
  redis.call('HSET', META, 'tick_ms', NOW.digits)
  ends_left = true
end

-- When the shard wants to be ticked, if this call left ends to be passed on.
local function due_at_once() return ends_left and NOW.digits end

-- Writes everything gathered, in the order in which it was first mentioned. What a script reads afterwards shows it.
local function write_batch()
  local noted, late = 0, {}
  for at = 1, batch_size do
    local kind, key = batch_kinds[at], batch_keys[at]
    local list = kind[key]
    kind[key] = nil
    if kind == REMOVED then redis.call('ZREM', key, unpack(list))
    elseif kind == ADDED then redis.call('ZADD', key, unpack(list))
    elseif kind == COUNTED then write_counts(key, list)
    elseif kind == GROUPED then late[key] = list
    elseif kind == FLOWED then write_flow_counts(key, list)
    elseif kind == HINTED then write_hints(key, list.size)
    else noted = noted + write_event(list)
    end
  end
  if noted > 0 then redis.call('HINCRBY', META, 'events', digits(noted)) end
  batch_size, last_event = 0, nil
  -- Who comes back is looked for when all who came to wait have been written.
  for queue, list in pairs(late) do write_groups(queue, list) end
  write_ends()
end
