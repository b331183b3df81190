-- lib/schedule: what makes tasks at given times.

-- The shard is ticked when the next one is due, and not later.
local function tick_by(due_ms)
  local tick_ms = redis.call('HGET', META, 'tick_ms')
  if tick_ms and tonumber(tick_ms) > tonumber(due_ms) then redis.call('HSET', META, 'tick_ms', due_ms) end
end

-- Where a schedule waits for its time. One that somebody owns waits apart, for those who can tell what he may: who ticks
-- the shard need not be one of them, and is not called for it.
local function wait_for(waiting, owned, name, owner, next_ms)
  redis.call('ZADD', owner and owned or waiting, next_ms, name)
  redis.call('ZREM', owner and waiting or owned, name)
  if not owner then tick_by(next_ms) end
end

local function wait_no_more(waiting, owned, name)
  redis.call('ZREM', waiting, name)
  redis.call('ZREM', owned, name)
end

-- Puts a name where its record says, which a release that knows no owners may have changed alone. Nothing is written where
-- it stands there already.
local function wait_as_said(waiting, owned, name, row)
  if row.paused_ms or not row.next_ms then return wait_no_more(waiting, owned, name) end
  local own, other = waiting, owned
  if row.owner then own, other = owned, waiting end
  -- A score may come as 1.7e+12.
  local stands_ms = tonumber(redis.call('ZSCORE', own, name) or '')
  if stands_ms ~= tonumber(row.next_ms) or redis.call('ZSCORE', other, name) then
    wait_for(waiting, owned, name, row.owner, row.next_ms)
  end
end

-- What is told of a schedule: its name, the queue of its tasks, which says who may hear of it, and what happened.
local function tell_schedule(event, by, name, row, what)
  tell('schedule_' .. event, by, 'schedule', name .. ' ' .. (row.queue or 'default') .. (what and ' ' .. what or ''))
end

-- The task that it made last, if that has not ended.
local function live_task(row)
  local status = row.last_task and redis.call('HGET', task_key(row.last_task), 'status')
  return status and not TERMINAL[status] and row.last_task
end

-- Makes a task that can be claimed at once.
local function make_task(id, name, key, row, now)
  row.payload = row.payload or redis.call('GET', key .. ':payload') or ''
  local fields = { 'submitted_by', 'schedule:' .. name }
  for _, field in ipairs({ 'kind', 'timeout_ms', 'max_attempts', 'max_crashes', 'backoff_ms', 'backoff_cap_ms', 'tags' }) do
    if row[field] then fields[#fields + 1], fields[#fields + 2] = field, row[field] end
  end
  local task = { queue = row.queue or 'default', priority = row.priority or '', run_at_ms = '', key = '',
    payload = row.payload, fields = fields }
  local made = write_task(id, task, { 'status', 'pending', 'version', '1', 'created_ms', now.digits })
  place_task(id, made, 'pending', '', now, actor('', '', 'schedule:' .. name))
end

-- The queue is there from its first task on, and the schedule remembers the last one.
local function note_made(queues, key, row, last, count, now)
  redis.call('ZADD', queues, 'NX', now.digits, row.queue or 'default')
  redis.call('HSET', key, 'last_task', last, 'last_fired_ms', now.digits)
  redis.call('HINCRBY', key, 'fired', count)
end
