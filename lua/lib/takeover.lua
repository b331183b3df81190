-- lib/takeover: a new boot of a worker becomes current, and takes over what the one before it held.

-- What the old boot held goes to the new one under new fences, and counts a crash. A task that has one life left
-- must live it alone, so it goes back to its queue instead. `ended` says how the old one died, where that is known.
local function take_over(worker, old_boot, boot, now, ended)
  local old_held = held_key(worker, old_boot)
  local ids = redis.call('ZRANGE', old_held, 0, -1)
  local moved, by = 0, actor(worker, boot)
  for _, id in ipairs(ids) do
    local row = read(task_key(id))
    if row and row.status == 'running' and row.worker == worker and row.boot == old_boot then
      row.crashes = (row.crashes or 0) + 1
      if is_last_life(row) then
        row.crashes = row.crashes - 1
        crash_run(id, row, now, actor(worker, old_boot), ended)
      else
        local fence = math.max(row.fence + 1, now.us)
        local timeout_us = (row.timeout_ms or TIMEOUT_MS) * 1000
        local line = run_line(row) .. ' to=' .. boot .. why_words(ended)
        row.fence = digits(fence)
        local why = 'from=' .. old_boot .. (ended ~= '' and ' ' .. ended or '')
        move(id, row, 'takeover', now, { to = 'running', actor = by, line = line, why = why,
          set = { 'boot', boot, 'fence', row.fence, 'started_ms', now.digits, 'crashes', row.crashes } })
        count_running(queue_of(row), row, 1)
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
  local taken_over, ended = 0, ''
  for at = 1, #fields, 2 do
    if fields[at] == 'ended' then ended = fields[at + 1] end
  end
  fields[#fields + 1] = 'boot'
  fields[#fields + 1] = boot
  fields[#fields + 1] = 'lease_ms'
  fields[#fields + 1] = lease_ms
  fields[#fields + 1] = 'registered_ms'
  fields[#fields + 1] = now.digits
  if old ~= '' then
    taken_over = take_over(worker, old, boot, now, ended)
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

-- Lets a boot in that is current or may become so: nil, the holder, the state of its lease, 'current' or 'new', and the
-- worker's record; or the refusal. The lease length is fixed for the life of a boot.
local function admit(keys, worker, boot, expects, lease_ms)
  local record = read_record(keys.worker)
  local stands, current = standing(record, boot, expects)
  if stands ~= 'current' and stands ~= 'new' then return refused(stands, current) end
  local holder = holder_of(worker, boot, keys.held, stands == 'current' and record.lease_ms or lease_ms)
  local state = lease_state(keys.leases, holder.name, keys.held)
  if state == 'reaped' then return refused('lease_lost') end
  return nil, holder, state, stands, record
end
