-- lib/chores: the bounded pieces of work that a tick does.

-- A stall is time in which somebody tried to tick and nobody got through, or a jump of the clock. A pause of the
-- tickers alone is none: `expected_ms` is when the caller's first attempt should have come through.
local function note_stall(meta, expected_ms, now)
  local from = math.max(tonumber(meta.last_tick_ms or 0), expected_ms)
  local length = now.ms - from
  if length < STALL_MS_MIN or not meta.last_tick_ms then return end
  -- Grace that is left from an earlier stall is not lost.
  if meta.stall_until_ms then
    local left = meta.stall_until_ms + meta.stall_ms - from
    if left > 0 then length = length + left end
  end
  meta.stall_until_ms, meta.stall_ms = now.ms, length
  redis.call('HSET', META, 'stall_until_ms', now.digits, 'stall_ms', digits(length))
  tell('stall', NOBODY, 'stall', digits(from) .. ' ' .. now.digits)
end

-- A lease that was granted before the end of a stall lasts at least the shorter of lease and stall beyond it, so that
-- living holders come to renew before they are reaped.
local function deadline_of(deadline_ms, lease_ms, meta)
  if not meta.stall_until_ms or deadline_ms - lease_ms >= tonumber(meta.stall_until_ms) then return deadline_ms end
  return math.max(deadline_ms, meta.stall_until_ms + math.min(lease_ms, meta.stall_ms))
end

-- Is a holder with this lease still given time to come back after a stall?
local function in_grace(lease_ms, meta, now)
  return meta.stall_until_ms and now.ms < meta.stall_until_ms + math.min(lease_ms, meta.stall_ms)
end

local function reap_holder(leases, name, room, now)
  local worker, boot = string.match(name, '^([^:]*):([^:]*)$')
  local held = held_key(worker, boot)
  local ids = redis.call('ZRANGE', held, 0, room - 1)
  -- From here on renew and claim are refused until everything is handed on.
  redis.call('ZADD', leases, 0, name)
  for _, id in ipairs(ids) do
    local row = read(task_key(id))
    if row and row.status == 'running' and row.worker == worker and row.boot == boot then
      crash_run(id, row, now, actor(worker, boot))
    else
      leave(held, id)
    end
  end
  if #ids < room then
    leave(leases, name)
    local record = SHARD .. 'worker:' .. worker
    if redis.call('EXISTS', record) == 1 then redis.call('HSET', record, 'seen_ms', now.digits) end
  end
  return #ids
end

-- Answers how many tasks it took, and whether more may be left: of holders that held nothing it takes only so many too.
local function reap(leases, meta, now)
  local flat = redis.call('ZRANGE', leases, '-inf', now.digits, 'BYSCORE', 'LIMIT', 0, SWEEP_HOLDERS_MAX, 'WITHSCORES')
  local room, reaped, ended = REAP_TASKS_MAX, 0, 0
  for at = 1, #flat, 2 do
    if room - reaped <= 0 or ended >= REAP_TASKS_MAX then break end
    local name, deadline = flat[at], tonumber(flat[at + 1])
    local worker = string.match(name, '^[^:]*')
    local lease_ms = tonumber(redis.call('HGET', SHARD .. 'worker:' .. worker, 'lease_ms') or LEASE_MS)
    if deadline == 0 or deadline_of(deadline, lease_ms, meta) <= now.ms then
      reaped, ended = reaped + reap_holder(leases, name, room - reaped, now), ended + 1
    end
  end
  return reaped, reaped >= REAP_TASKS_MAX or ended >= REAP_TASKS_MAX
end

local function mature(scheduled, now)
  local ids = redis.call('ZRANGE', scheduled, '-inf', now.digits, 'BYSCORE', 'LIMIT', 0, MATURE_TASKS_MAX)
  for _, id in ipairs(ids) do
    local row = read(task_key(id))
    if row and row.status == 'scheduled' then
      move(id, row, 'mature', now, { to = 'pending', line = ' due=' .. row.run_at_ms })
    else
      leave(scheduled, id)
    end
  end
  return #ids
end

-- Runs that are overdue by a whole lease: their worker should have ended them. Renewals cannot keep a hung run alive.
local function time_out_overdue(held, lease_ms, now)
  local overdue = digits(now.us - lease_ms * 1000)
  local ids = redis.call('ZRANGE', held, '-inf', overdue, 'BYSCORE', 'LIMIT', 0, MATURE_TASKS_MAX)
  for _, id in ipairs(ids) do
    local row = read(task_key(id))
    if row and row.status == 'running' then
      fail_run(id, row, now, { last = { 'time_out', 'timeout' }, outcome = 'overdue', error = '', reason = 'timeout',
        actor = actor(row.worker, row.boot) })
    end
  end
  return #ids
end

-- Forgets a worker that has not been heard of for so long that none of its calls can still be on the way.
local function retire(workers, worker, record, now)
  local seen = tonumber(record and (record.seen_ms or record.registered_ms) or 0)
  if seen + WORKER_RETENTION_MS >= now.ms then return end
  redis.call('UNLINK', SHARD .. 'worker:' .. worker)
  leave(workers, worker)
end

-- Goes round the workers, a piece each tick: overdue runs, what is held without a lease, records to forget.
local function sweep(leases, workers, meta, now)
  local first = tonumber(meta.swept or 0)
  local names = redis.call('ZRANGE', workers, first, first + SWEEP_HOLDERS_MAX - 1)
  local room = MATURE_TASKS_MAX
  for _, worker in ipairs(names) do
    local record = read(SHARD .. 'worker:' .. worker)
    local boot = record and record.boot or ''
    local held = held_key(worker, boot)
    local deadline = boot ~= '' and redis.call('ZSCORE', leases, worker .. ':' .. boot)
    if deadline then
      local lease_ms = tonumber(record.lease_ms)
      -- After a stall the worker's own report of a run comes first, as always.
      if room > 0 and not in_grace(lease_ms, meta, now) then room = room - time_out_overdue(held, lease_ms, now) end
    elseif boot ~= '' and redis.call('EXISTS', held) == 1 then
      redis.call('ZADD', leases, 0, worker .. ':' .. boot)
    else
      retire(workers, worker, record, now)
    end
  end
  return #names < SWEEP_HOLDERS_MAX and 0 or first + #names
end

-- Keeps the stream bounded by age and by number of task events. Now and then the count so far is marked with the id
-- of the last entry, so that the entry at which a count was reached is found later. Answers whether it removed any: a
-- busy shard writes more in a second than one tick removes, so there may be more.
local function trim_events(marks, meta, now)
  local total, step = tonumber(meta.events or 0), EVENTS_MAX / 100
  local last = redis.call('XREVRANGE', EVENTS, '+', '-', 'COUNT', 1)[1]
  if last and total >= tonumber(meta.marked or 0) + step then
    redis.call('ZADD', marks, digits(total), last[1])
    redis.call('HSET', META, 'marked', digits(total))
  end
  local limit = { 'LIMIT', EVENTS_TRIM_MAX }
  local oldest = digits(now.ms - EVENTS_RETENTION_MS)
  local trimmed = redis.call('XTRIM', EVENTS, 'MINID', '~', oldest, limit[1], limit[2])
  local over = redis.call('ZRANGE', marks, '-inf', digits(total - EVENTS_MAX), 'BYSCORE')
  if #over > 0 then
    trimmed = trimmed + redis.call('XTRIM', EVENTS, 'MINID', '~', over[#over], limit[1], limit[2])
    -- The newest of them stays: a bounded trim may not have come that far.
    if #over > 1 then redis.call('ZREMRANGEBYRANK', marks, 0, #over - 2) end
  end
  return trimmed > 0
end
