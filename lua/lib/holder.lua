-- lib/holder: who may claim and renew: one life (boot) of a worker, and its lease.

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

local function holder_of(worker, boot, held, lease_ms)
  return { worker = worker, boot = boot, name = worker .. ':' .. boot, held = held, lease_ms = lease_ms,
    actor = actor(worker, boot) }
end

-- The queues to claim from: from key `first` on, the record and the pending index of each.
local function queues_from(first)
  local queues = {}
  for at = first, #KEYS, 2 do queues[#queues + 1] = { key = KEYS[at], pending = KEYS[at + 1] } end
  return queues
end

-- The pairs that a holder lists: id -> { fence, timeout_ms }.
local function take_listed(size)
  local listed = {}
  for _ = 1, size do
    local id, fence, timeout_ms = take(3)
    listed[id] = { fence, timeout_ms }
  end
  return listed
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

-- What the old boot held goes to the new one under new fences, and counts a crash. A task that has one life left
-- must live it alone, so it goes back to its queue instead.
local function take_over(worker, old_boot, boot, now)
  local old_held = held_key(worker, old_boot)
  local ids = redis.call('ZRANGE', old_held, 0, -1)
  local moved, by = 0, actor(worker, boot)
  for _, id in ipairs(ids) do
    local row = read(task_key(id))
    if row and row.status == 'running' and row.worker == worker and row.boot == old_boot then
      row.crashes = (row.crashes or 0) + 1
      if is_last_life(row) then
        row.crashes = row.crashes - 1
        crash_run(id, row, now, actor(worker, old_boot))
      else
        local fence = math.max(row.fence + 1, now.us)
        local timeout_us = (row.timeout_ms or TIMEOUT_MS) * 1000
        local line = run_line(row) .. ' to=' .. boot
        row.fence = digits(fence)
        move(id, row, 'takeover', now, { to = 'running', actor = by, line = line, why = 'from=' .. old_boot,
          set = { 'boot', boot, 'fence', row.fence, 'started_ms', now.digits, 'crashes', row.crashes } })
        count(queue_of(row), 'running', 1)
        enter(held_key(worker, boot), digits(fence + timeout_us), id)
        moved = moved + 1
      end
    end
  end
  return moved
end

-- Makes `boot` the current one. `fields` are more of the worker's record, flat.
local function adopt(keys, record, worker, boot, lease_ms, now, fields)
  local old = record and record.boot or ''
  local taken_over = 0
  fields[#fields + 1] = 'boot'
  fields[#fields + 1] = boot
  fields[#fields + 1] = 'lease_ms'
  fields[#fields + 1] = lease_ms
  fields[#fields + 1] = 'registered_ms'
  fields[#fields + 1] = now.digits
  if old ~= '' then
    taken_over = take_over(worker, old, boot, now)
    fields[#fields + 1] = 'past'
    fields[#fields + 1] = past_with(record, old, now.ms)
    redis.call('ZREM', keys.leases, worker .. ':' .. old)
  end
  redis.call('HSET', keys.worker, unpack(fields))
  if record and record.directive then redis.call('HDEL', keys.worker, 'directive') end
  redis.call('ZADD', keys.workers, 'NX', now.digits, worker)
  announce('register', actor(worker, boot))
  return taken_over
end

-- Compares what Redis counts as held with the pairs that the holder lists: ids it does not know, pairs that are gone.
-- `listed` maps an id to { fence, timeout_ms }; ids in `without` are settled by this call.
local function compare(held, listed, without)
  local flat = redis.call('ZRANGE', held, 0, -1, 'WITHSCORES')
  local unknown, size, found = {}, 0, {}
  for at = 1, #flat, 2 do
    local id, pair = flat[at], listed[flat[at]]
    if not without[id] then
      size = size + 1
      local known = pair and pair[1] * 1 + (pair[2] ~= '' and pair[2] or TIMEOUT_MS) * 1000 == tonumber(flat[at + 1])
      if pair and not known then known = redis.call('HGET', task_key(id), 'fence') == pair[1] end
      if known then found[id] = true else unknown[#unknown + 1] = id end
    end
  end
  return unknown, size, found
end
