-- lib/create: tasks to be.

-- The words of a task, as every submission names them.
local function take_task()
  local task, field_count = {}, nil
  task.queue, task.priority, task.run_at_ms, task.key, task.payload, field_count = take(6)
  task.fields = { take(2 * field_count) }
  -- A delay counts from Redis's clock, whatever the clock of the submitter says.
  if string.sub(task.run_at_ms, 1, 1) == '+' then task.run_at_ms = digits(NOW.ms + tonumber(task.run_at_ms)) end
  return task
end

-- Is it to run later?
local function is_later(run_at_ms) return run_at_ms and run_at_ms ~= '' and tonumber(run_at_ms) > NOW.ms end

-- What a task gets from its kind, once and for all, where its submitter said nothing. How long it waits after a failure is
-- not among this: that is looked up when it fails.
local FROM_KIND = { 'timeout_ms', 'max_attempts', 'max_crashes', 'result_ttl_ms' }
local function take_from_kind(rules, row, put)
  for _, field in ipairs(FROM_KIND) do
    if rules[field] and not row[field] then
      row[field] = rules[field]
      put(field, rules[field])
    end
  end
end

-- Writes the hash of a task, with the fields in `set` first; answers it as a row.
local function write_task(id, task, set)
  local row, key = { version = '0' }, task_key(id)
  local function put(field, value) set[#set + 1], set[#set + 2] = field, value end
  for at = 1, #task.fields, 2 do
    local field, value = task.fields[at], task.fields[at + 1]
    row[field] = value
    if field == 'tags' then put_value(key, set, nil, field, value) else put(field, value) end
  end
  local rules = rules_of(row.kind)
  if rules then take_from_kind(rules, row, put) end
  local priority = task.priority ~= '' and task.priority or rules and rules.priority or '5'
  if task.queue ~= 'default' then put('queue', task.queue) end
  if priority ~= '5' then put('priority', priority) end
  if is_later(task.run_at_ms) then put('run_at_ms', task.run_at_ms) end
  if task.key ~= '' then put('key', task.key) end
  put_value(key, set, nil, 'payload', task.payload)
  redis.call('HSET', key, unpack(set))
  row.queue, row.priority = task.queue, priority
  return row
end

-- A task that has been written comes into its index, and into the stream.
local function place_task(id, row, status, run_at_ms, now, submitter)
  enter_index(id, row, status, now.ms, run_at_ms)
  if row.flow then count_flow(row.flow, nil, status) end
  local why = status == 'scheduled' and 'due=' .. run_at_ms or row.parents and 'parents=' .. row.parents or ''
  tell('submit', submitter, id, event_text(row, '1', why))
end
