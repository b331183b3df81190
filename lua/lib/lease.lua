-- lib/lease: who may claim and renew: one life (boot) of a worker, and its lease.

-- What decides of a worker's record; nil where there is none.
local function read_record(key)
  local at = redis.call('HMGET', key, 'boot', 'past', 'lease_ms', 'directive')
  return at[1] and { boot = at[1], past = at[2], lease_ms = at[3], directive = at[4] } or nil
end

local function is_past(record, boot)
  return string.find(' ' .. (record.past or ''), ' ' .. boot .. '@', 1, true)
end

-- The boots to remember once `boot` is past: the latest ones, none older than a worker's record is kept.
local function past_with(record, boot, now_ms)
  local kept, oldest = { boot .. '@' .. digits(now_ms) }, now_ms - WORKER_RETENTION_MS
  for known, at_ms in string.gmatch(record.past or '', '(%S+)@(%d+)') do
    if #kept < PAST_BOOTS_MAX and known ~= boot and tonumber(at_ms) >= oldest then
      kept[#kept + 1] = known .. '@' .. at_ms
    end
  end
  return table.concat(kept, ' ')
end

-- May this boot act for the worker? 'current', 'new' (it may become current), or the code of the refusal.
-- A boot never seen must name the boot it follows: otherwise the late call of a dead one would rob the living.
local function standing(record, boot, expects)
  if record and record.boot == boot then return 'current' end
  if record and is_past(record, boot) then return 'superseded' end
  local current = record and record.boot or ''
  if current ~= expects then return 'conflict', current end
  return 'new'
end

-- The record of a worker whose current boot is this one; or nil, and the refusal.
local function record_of_current(key, boot)
  local record = read_record(key)
  if not record then return nil, refused('unknown_worker') end
  local stands = standing(record, boot, '')
  if stands == 'superseded' then return nil, refused('superseded') end
  if stands ~= 'current' then return nil, refused('conflict', record.boot) end
  return record
end

local function holder_of(worker, boot, held, lease_ms)
  return { worker = worker, boot = boot, name = worker .. ':' .. boot, held = held, lease_ms = lease_ms,
    actor = actor(worker, boot) }
end

-- The queues to claim from: from key `first` on, the record and the pending index of each. The record's key tells the name.
local function queues_from(first)
  local queues, named = {}, {}
  local prefix = #queue_key('')
  for at = first, #KEYS, 2 do
    -- One that is named twice has its limits once.
    if not named[KEYS[at]] then
      queues[#queues + 1] = { key = KEYS[at], pending = KEYS[at + 1], name = string.sub(KEYS[at], prefix + 1) }
    end
    named[KEYS[at]] = true
  end
  return queues
end

-- The pairs that a holder lists: { id, fence, timeout_ms, before } by id, and all in their order. A holder that was
-- given a task again before its report of the last run was acknowledged lists both pairs: `before` is the other one.
local function take_listed(size)
  local listed, order = {}, {}
  for at = 1, size do
    local id, fence, timeout_ms = take(3)
    local pair = { id, fence, timeout_ms, listed[id] }
    order[at], listed[id] = pair, pair
  end
  return listed, order
end

-- The state of a holder's lease: 'open', 'none', or 'reaped' while what it held is being handed on.
local function lease_state(leases, name, held)
  local deadline = redis.call('ZSCORE', leases, name)
  if not deadline then return 'none' end
  if tonumber(deadline) > 0 then return 'open' end
  if redis.call('EXISTS', held) == 0 then return 'none' end
  return 'reaped'
end

-- A deadline is only ever moved later, except after its end.
local function extend_lease(leases, holder, state, now)
  local deadline = digits(now.ms + holder.lease_ms)
  if state == 'open' then redis.call('ZADD', leases, 'GT', deadline, holder.name)
  else redis.call('ZADD', leases, deadline, holder.name)
  end
end

-- Compares what Redis counts as held with the pairs that the holder lists. Answers the ids it does not know, how many
-- it holds, and under which fence it holds those of the listed. `listed` maps an id to its pairs; `without` are ids that
-- this call settled, and how many of them this holder held (size).
local function compare(held, listed, without)
  if not next(listed) and redis.call('ZCARD', held) == without.size then return {}, 0, {} end
  local flat = redis.call('ZRANGE', held, 0, -1, 'WITHSCORES')
  local unknown, size, found = {}, 0, {}
  for at = 1, #flat, 2 do
    local id, pair, known = flat[at], listed[flat[at]], false
    if not without[id] then
      size = size + 1
      local fence
      while pair and not known do
        fence = pair[2]
        known = pair[2] * 1 + (pair[3] ~= '' and pair[3] or TIMEOUT_MS) * 1000 == tonumber(flat[at + 1])
          or redis.call('HGET', task_key(id), 'fence') == pair[2]
        pair = pair[4]
      end
      if known then found[id] = fence else unknown[#unknown + 1] = id end
    end
  end
  return unknown, size, found
end

-- Appends the listed pairs that are not held: how many, then of each task, fence and why: it ended, went elsewhere, or
-- was never there.
local function answer_gone(reply, order, found, worker)
  local count_at, size = #reply + 1, 0
  reply[count_at] = '0'
  for _, pair in ipairs(order) do
    local id, fence = pair[1], pair[2]
    if found[id] ~= fence then
      local state = redis.call('HMGET', task_key(id), 'status', 'worker', 'fence')
      local mine = state[2] == worker and state[3] == fence
      local why = not state[1] and 'unknown_task' or mine and state[1] or 'fenced'
      reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = id, fence, why
      size = size + 1
    end
  end
  reply[count_at] = digits(size)
end

local NOTHING_SETTLED = { size = 0 }
