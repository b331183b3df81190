-- lib/rerun: runs a task once more that has ended.

-- What the run before leaves behind for the history, as the new run overwrites it.
local function end_line(row, by, reason)
  local line = ' finished=' .. row.finished_ms
  if by.by ~= '' then line = line .. ' by=' .. by.by end
  if row.started_ms then line = line .. run_line(row) end
  return line .. why_words(reason)
end

-- Why a task may not be rerun, or nil. While its end is still being passed on, another end must not overtake it; and what
-- is being removed stays removed.
local function no_rerun(id, row)
  if not TERMINAL[row.status] then return 'conflict' end
  -- It may have had children when it ended that it has not any more.
  if redis.call('ZSCORE', CASCADES, id) then return 'conflict' end
  if row.children and redis.call('EXISTS', task_key(id) .. ':waiting') == 1 then return 'conflict' end
  if row.pruned_ms then return 'conflict' end
  if row.key and redis.call('EXISTS', dedupe_key(row.flow, queue_of(row), row.key)) == 1 then return 'duplicate_key' end
end

-- Answers the version, or nil and the code of a refusal. Those whom its end holds wait for it again: nobody waits for
-- a task that has ended, so there is nothing else under that name.
local function rerun(id, row, now, by, reason)
  local code = no_rerun(id, row)
  if code then return nil, code end
  local key = task_key(id)
  if row.key then redis.call('SET', dedupe_key(row.flow, queue_of(row), row.key), id) end
  if row.children and redis.call('EXISTS', key .. ':parked') == 1 then
    redis.call('RENAME', key .. ':parked', key .. ':waiting')
  end
  local line, set = end_line(row, by, reason), { 'outcome', 'rerun' }
  local dropped = { 'finished_ms', 'finished_by', 'attempt', 'crashes', 'result_until_ms' }
  for _, name in ipairs({ 'result', 'error', 'reason' }) do put_value(key, set, dropped, name, '', true) end
  row.attempt, row.crashes = nil, nil
  local open = row.open_parents and row.open_parents ~= '0'
  return move(id, row, 'rerun', now, { to = open and 'blocked' or 'pending', set = set, drop = dropped,
    actor = by, why = reason, line = line })
end
