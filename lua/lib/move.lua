-- lib/move: takes a task from one status to another: its hash, its one index, its history and the stream together.

-- The dedupe key of a task names one live task of its flow, or of its queue where it is of none.
local function dedupe_key(flow, queue, key)
  return (flow and flow_key(flow) or queue_key(queue)) .. ':key:' .. key
end

local function leave_index(id, row, to)
  local status, queue = row.status, queue_of(row)
  if status == 'running' then
    leave(held_key(row.worker, row.boot), id)
    count_running(queue, row, -1)
  elseif status == 'scheduled' then
    leave(SHARD .. 'scheduled', id)
    count(queue, 'scheduled', -1)
  elseif status == 'pending' then
    leave_pending(queue, id, row, to)
  else
    leave(index_key(queue, status), id)
  end
end

local function enter_index(id, row, status, at_ms, due_ms)
  local queue = queue_of(row)
  if status == 'scheduled' then
    enter(SHARD .. 'scheduled', digits(due_ms), id)
    count(queue, 'scheduled', 1)
  elseif status == 'pending' then
    enter_pending(queue, id, row, at_ms)
  else
    enter(index_key(queue, status), digits(at_ms), id)
  end
end

-- Keeps a line of the task's history: short ones in the hash while they are few, others beside it, where the middle
-- of a very long history gives way.
local function keep_line(key, version, line, fields)
  if #line <= INLINE_BYTES and version * 1 <= HISTORY_INLINE_VERSIONS then
    fields[#fields + 1] = 'history:' .. version
    fields[#fields + 1] = line
    return
  end
  redis.call('ZADD', key .. ':history', version, version .. ' ' .. line)
  if tonumber(version) > HISTORY_FIRST + HISTORY_LATEST and redis.call('ZCARD', key .. ':history') > HISTORY_FIRST + HISTORY_LATEST then
    redis.call('ZREMRANGEBYRANK', key .. ':history', HISTORY_FIRST, HISTORY_FIRST)
  end
end

-- Removes, beside what the caller names, the fields that belong to the status a task leaves. A blocked task may have a
-- time before which it does not run, as a scheduled one has.
local function drop_bound_fields(key, row, to, dropped)
  if row.status == 'running' and row.progress then
    dropped[#dropped + 1], dropped[#dropped + 2] = 'progress', 'progress_ms'
  elseif row.run_at_ms and to ~= 'blocked' and to ~= 'scheduled' then
    dropped[#dropped + 1] = 'run_at_ms'
  end
  if #dropped > 0 then redis.call('HDEL', key, unpack(dropped)) end
end

-- A script moves a task only through the table. What is not there is a bug, and stops the call.
local last_step, last_from, last_to
local function must_allow(step, from, to)
  if step == last_step and from == last_from and to == last_to then return end
  local targets = AFTER[step .. ' ' .. from]
  if not targets or not string.find(targets, to, 1, true) then
    error('BROKEN no move ' .. step .. ' from ' .. from .. ' to ' .. to)
  end
  last_step, last_from, last_to = step, from, to
end

-- What an event says of a task: version, fence, attempts used, queue, kind, and why where there is a why.
local function event_text(row, version, why)
  local text = version .. ' ' .. (row.fence or '0') .. ' ' .. (row.attempt or '0')
    .. ' ' .. queue_of(row) .. ' ' .. row.kind
  if why and why ~= '' then return text .. ' ' .. why end
  return text
end

-- The indexes and the stream of a move whose hash has been written.
local function note_move(id, row, step, now, to, version, how)
  leave_index(id, row, to)
  if to ~= 'running' then enter_index(id, row, to, now.ms, how.due_ms) end
  tell(step, how.actor or NOBODY, id, event_text(row, version, how.why))
  if row.flow then count_flow(row.flow, row.status, to) end
  if row.children and TERMINAL[to] then note_end(id, to) end
  row.status, row.version = to, version
  return version
end

-- A run that ends leaves a line with all that the next claim overwrites.
local function run_line(row)
  return ' worker=' .. row.worker .. ' boot=' .. row.boot .. ' fence=' .. row.fence .. ' started=' .. row.started_ms
end

-- Moves a task. `row` is its hash as read by this script, and is brought up to date. `how` says:
--   to       the status it goes to
--   set      more fields to write, flat
--   drop     more fields to remove
--   due_ms   when it is due, if it goes to scheduled
--   actor    who did it
--   why      for the stream
--   line     for its history; the ordinary life needs none, as it can be read from the hash
local function move(id, row, step, now, how)
  local from, to = row.status, how.to
  must_allow(step, from, to)
  local key, version = task_key(id), digits(row.version + 1)
  local fields = how.set or {}
  fields[#fields + 1] = 'status'
  fields[#fields + 1] = to
  fields[#fields + 1] = 'version'
  fields[#fields + 1] = version
  if to == 'pending' then
    fields[#fields + 1] = 'pending_ms'
    fields[#fields + 1] = now.digits
  end
  if how.line then
    keep_line(key, version, step .. ' ' .. now.digits .. ' ' .. from .. '>' .. to .. how.line, fields)
  end
  redis.call('HSET', key, unpack(fields))
  drop_bound_fields(key, row, to, how.drop or {})
  return note_move(id, row, step, now, to, version, how)
end

-- A change that is no move: the status stays. A reader's ETag must show it, so the version rises. `words` end its line.
local function change(id, row, event, now, by, why, words, fields)
  local version = digits(row.version + 1)
  local line = event .. ' ' .. now.digits .. ' ' .. row.status .. '>' .. row.status .. words
  if by.by ~= '' then line = line .. ' by=' .. by.by end
  -- It stands between the claim and the end of a run, so it is what the claim is read from.
  if row.status == 'running' then line = line .. run_line(row) end
  fields[#fields + 1], fields[#fields + 2] = 'version', version
  keep_line(task_key(id), version, line, fields)
  redis.call('HSET', task_key(id), unpack(fields))
  tell(event, by, id, event_text(row, version, why))
  row.version = version
  return version
end

-- Writes a value of any length: short ones into the hash, longer ones beside it. `earlier` tells that the task may
-- have had another value, of the other length, before.
local function put_value(key, fields, dropped, name, value, earlier)
  if #value > INLINE_BYTES then
    redis.call('SET', key .. ':' .. name, value)
    if earlier then dropped[#dropped + 1] = name end
    return
  end
  if earlier then redis.call('UNLINK', key .. ':' .. name) end
  if value ~= '' then
    fields[#fields + 1] = name
    fields[#fields + 1] = value
  elseif earlier then
    dropped[#dropped + 1] = name
  end
end

-- The end of a line: a reason is anybody's text, and would hide what stands behind it.
local function why_words(reason)
  return reason ~= '' and ' why=' .. reason or ''
end

-- A task that has ended gives its key free.
local function free_key(id, row)
  if not row.key then return end
  local holder = dedupe_key(row.flow, queue_of(row), row.key)
  if redis.call('GET', holder) == id then redis.call('DEL', holder) end
end
