-- lib/batch: the index writes of one call, gathered so that each index is written once however many tasks move.
-- With AOF on every write command is a write to the log.
local batch_order, batch_removed, batch_added, batch_counted, batch_told = {}, {}, {}, {}, {}

local function bucket(of, key)
  local list = of[key]
  if not list then
    list = {}
    of[key] = list
    batch_order[#batch_order + 1] = { of, key }
  end
  return list
end

local function leave(index, id)
  local ids = bucket(batch_removed, index)
  ids[#ids + 1] = id
end

local function enter(index, score, id)
  local pairs_of = bucket(batch_added, index)
  pairs_of[#pairs_of + 1] = score
  pairs_of[#pairs_of + 1] = id
end

-- How many tasks of a queue are running or scheduled: the two statuses whose index is not per queue.
local function count(queue, status, by)
  local counts = bucket(batch_counted, queue)
  counts[status] = (counts[status] or 0) + by
end

local NOBODY = actor()

-- Notes something for the stream: what one actor does in one call under one name shares an entry.
local function announce(event, by)
  local told = bucket(batch_told, event .. ' ' .. by.worker .. ':' .. by.boot)
  if not told.event then told.event, told.actor = event, by end
  return told
end

local last_event, last_actor, last_told
local function tell(event, by, id, text)
  if event ~= last_event or by ~= last_actor then
    last_event, last_actor, last_told = event, by, announce(event, by)
  end
  local told = last_told
  told[#told + 1] = id
  told[#told + 1] = text
end

local function write_event(told)
  local by = told.actor
  for first = 1, math.max(#told, 1), 2 * EVENT_TASKS_MAX do
    local entry = { 'event', told.event }
    if by.worker ~= '' then
      entry[3], entry[4], entry[5], entry[6] = 'worker', by.worker, 'boot', by.boot
    end
    if by.principal ~= '' then
      entry[#entry + 1] = 'by'
      entry[#entry + 1] = by.principal
    end
    for at = first, math.min(#told, first + 2 * EVENT_TASKS_MAX - 1) do entry[#entry + 1] = told[at] end
    redis.call('XADD', EVENTS, '*', unpack(entry))
  end
  return #told / 2
end

local function write_counts(queue, counts)
  for _, status in ipairs({ 'running', 'scheduled' }) do
    local by = counts[status]
    if by and by ~= 0 then redis.call('HINCRBY', queue_key(queue), status, digits(by)) end
  end
end

-- Writes everything gathered, in the order in which it was first mentioned. What a script reads afterwards shows it.
local function write_batch()
  local noted = 0
  for _, entry in ipairs(batch_order) do
    local of, key = entry[1], entry[2]
    local list = of[key]
    if of == batch_removed then redis.call('ZREM', key, unpack(list))
    elseif of == batch_added then redis.call('ZADD', key, unpack(list))
    elseif of == batch_counted then write_counts(key, list)
    else noted = noted + write_event(list)
    end
  end
  if noted > 0 then redis.call('HINCRBY', META, 'events', digits(noted)) end
  batch_order, batch_removed, batch_added, batch_counted, batch_told = {}, {}, {}, {}, {}
  last_event, last_actor, last_told = nil, nil, nil
end
