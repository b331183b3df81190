-- lib/endings: the ways in which a run ends other than well.

-- The wait before the next attempt: full jitter under an exponential ceiling. The chance comes from task and fence, so
-- tasks that fail together part, and a repeated call says the same. Who says one of the two bounds himself has said both.
local function backoff_ms(id, row, failed)
  local says = (row.backoff_ms or row.backoff_cap_ms) and row or rules_of(row.kind) or row
  local cap, factor = tonumber(says.backoff_cap_ms or BACKOFF_CAP_MS), says.backoff_factor or BACKOFF_FACTOR
  local ceiling = math.min(cap, (says.backoff_ms or BACKOFF_MS) * factor ^ math.min(failed - 1, 40))
  local chance = tonumber(string.sub(redis.sha1hex(id .. row.fence), 1, 4), 16)
  return math.floor(ceiling * chance / 65536)
end

-- The reasons that a kind calls hopeless, taken apart once in a call: they stand line by line, and one with a star at its end
-- holds for whatever begins so. Beginnings are looked up by their length, as cutting a text costs more than comparing it.
local function hopeless_of(rules)
  if not rules.hopeless then
    local hopeless = { known = {}, lengths = {}, starts = {} }
    for word in string.gmatch(rules.non_retryable or '', '[^\n]+') do
      local start = string.match(word, '^(.*)%*$')
      if not start then
        hopeless.known[word] = true
      else
        if not hopeless.starts[#start] then
          hopeless.starts[#start] = {}
          hopeless.lengths[#hopeless.lengths + 1] = #start
        end
        hopeless.starts[#start][start] = true
      end
    end
    rules.hopeless = hopeless
  end
  return rules.hopeless
end

-- Does the kind say that a run that failed for this reason is not worth another attempt?
local function is_hopeless(kind, reason)
  local rules = rules_of(kind)
  if not rules then return false end
  local hopeless = hopeless_of(rules)
  if hopeless.known[reason] == nil then
    hopeless.known[reason] = false
    for _, length in ipairs(hopeless.lengths) do
      if hopeless.starts[length][string.sub(reason, 1, length)] then hopeless.known[reason] = true end
    end
  end
  return hopeless.known[reason]
end

-- An attempt has failed: another one later, or the end. `ending` says:
--   last       the move and the status if this was the last attempt: { 'fail', 'failed' } or { 'time_out', 'timeout' }
--   final      no further attempt, however many are left
--   wait_ms    the wait before the next attempt, if its holder named one
--   outcome    what a repeated report is compared with
--   error, reason, actor
local function fail_run(id, row, now, ending)
  local key, failed = task_key(id), (row.attempt or 0) + 1
  local fields, dropped = { 'attempt', failed, 'outcome', ending.outcome }, {}
  -- Only a task that has failed before can have had an error and a reason.
  put_value(key, fields, dropped, 'error', ending.error, row.attempt)
  put_value(key, fields, dropped, 'reason', ending.reason, row.attempt)
  local how = { set = fields, drop = dropped, actor = ending.actor, why = ending.reason, line = run_line(row) }
  local more = not ending.final and failed < tonumber(row.max_attempts or MAX_ATTEMPTS) and not is_hopeless(row.kind, ending.reason)
  row.attempt = failed
  if more then
    how.due_ms = now.ms + (ending.wait_ms or backoff_ms(id, row, failed))
    how.to = 'scheduled'
    how.line = how.line .. ' due=' .. digits(how.due_ms) .. why_words(ending.reason)
    fields[#fields + 1] = 'run_at_ms'
    fields[#fields + 1] = digits(how.due_ms)
    return move(id, row, 'retry', now, how)
  end
  how.to, how.line = ending.last[2], how.line .. why_words(ending.reason)
  fields[#fields + 1] = 'finished_ms'
  fields[#fields + 1] = now.digits
  free_key(id, row)
  return move(id, row, ending.last[1], now, how)
end

-- The holder of a running task is gone, and `ended` says how where somebody saw it. A crash never burns an attempt; the
-- one that reaches the limit ends the task, and as the last life is lived alone, it is the task that is to blame.
local function crash_run(id, row, now, by, ended)
  local crashes = (row.crashes or 0) + 1
  local how = { set = { 'crashes', crashes, 'outcome', 'crash' }, actor = by, line = run_line(row) }
  row.crashes = crashes
  if crashes < tonumber(row.max_crashes or MAX_CRASHES) then
    how.to, how.why = 'pending', ended
    how.line = how.line .. why_words(ended or '')
    return move(id, row, 'reclaim', now, how)
  end
  local key, dropped = task_key(id), {}
  put_value(key, how.set, dropped, 'reason', 'poison', true)
  how.set[#how.set + 1] = 'finished_ms'
  how.set[#how.set + 1] = now.digits
  how.to, how.drop, how.why, how.line = 'failed', dropped, 'poison', how.line .. why_words('poison')
  free_key(id, row)
  return move(id, row, 'fail', now, how)
end

-- Nobody wants the task any more; one that runs is taken from its holder at once.
local function cancel(id, row, now, by, reason)
  local set, dropped = { 'finished_ms', now.digits }, {}
  local line = by.by ~= '' and ' by=' .. by.by or ''
  if row.status == 'running' then
    line = line .. run_line(row)
    set[#set + 1], set[#set + 2] = 'outcome', 'cancel'
  end
  if by.by ~= '' then set[#set + 1], set[#set + 2] = 'finished_by', by.by end
  put_value(task_key(id), set, dropped, 'reason', reason, true)
  free_key(id, row)
  local why = row.status .. (reason ~= '' and ' ' .. reason or '')
  return move(id, row, 'cancel', now,
    { to = 'cancelled', set = set, drop = dropped, actor = by, why = why, line = line .. why_words(reason) })
end

-- The last life of a task is lived alone.
local function is_last_life(row)
  return (row.crashes or 0) + 1 >= tonumber(row.max_crashes or MAX_CRASHES)
end
