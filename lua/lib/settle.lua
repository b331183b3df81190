-- lib/settle: what holders report of the tasks they hold.

-- Outcomes that a holder can have reported; any other word stands for something done to the task.
local REPORTED = { complete = true, fail = true, fail_for_good = true, time_out = true, release = true }

-- Is this the report of the one who held the task last, and has it been settled before?
-- Answers nil if it may be settled now, else the three words of the answer.
local function settled_before(row, worker, fence, stated)
  if not row then return 'refused', 'unknown_task', '' end
  if row.worker ~= worker or row.fence ~= fence then return 'refused', 'fenced', row.status end
  if row.status == 'running' then return nil end
  local recorded = row.outcome or (row.status == 'completed' and 'complete') or ''
  if recorded == stated then return 'recorded', row.status, row.version end
  if REPORTED[string.match(recorded, '^%S*')] then return 'refused', 'already_finished', row.status end
  return 'refused', 'fenced', row.status
end

-- A result that goes by itself lies beside the hash however short it is, where Redis lets it expire.
local function put_result(key, row, fields, dropped, body, now)
  if not row.result_ttl_ms then return put_value(key, fields, dropped, 'result', body) end
  redis.call('SET', key .. ':result', body, 'PX', row.result_ttl_ms)
  fields[#fields + 1] = 'result_until_ms'
  fields[#fields + 1] = digits(now.ms + row.result_ttl_ms)
end

local function complete(id, key, row, report, now)
  must_allow('complete', row.status, 'completed')
  local version = digits(row.version + 1)
  local fields, dropped = { 'status', 'completed', 'version', version, 'finished_ms', now.digits }, {}
  if report.body ~= '' then
    put_result(key, row, fields, dropped, report.body, now)
    fields[#fields + 1] = 'outcome'
    fields[#fields + 1] = report.stated
  end
  -- What an earlier attempt failed with is in its history; the task itself has not failed.
  if row.attempt then
    put_value(key, fields, dropped, 'error', '', true)
    put_value(key, fields, dropped, 'reason', '', true)
  end
  redis.call('HSET', key, unpack(fields))
  drop_bound_fields(key, row, 'completed', dropped)
  free_key(id, row)
  offer_result(id, row)
  return note_move(id, row, 'complete', now, 'completed', version, report)
end

local function release(id, row, report, now)
  local how = { to = 'pending', actor = report.actor, why = report.reason, set = { 'outcome', report.stated } }
  how.line = run_line(row)
  if report.wait_ms ~= '' then
    how.to, how.due_ms = 'scheduled', now.ms + report.wait_ms
    how.line = how.line .. ' due=' .. digits(how.due_ms)
    how.set[3], how.set[4] = 'run_at_ms', digits(how.due_ms)
  end
  how.line = how.line .. why_words(report.reason)
  return move(id, row, 'release', now, how)
end

local function fail(id, row, report, now)
  return fail_run(id, row, now, {
    last = report.verb == 'time_out' and { 'time_out', 'timeout' } or { 'fail', 'failed' },
    final = report.verb == 'fail_for_good',
    wait_ms = report.wait_ms ~= '' and tonumber(report.wait_ms) or nil,
    outcome = report.stated, error = report.body, reason = report.reason, actor = report.actor,
  })
end

-- Settles one report and answers three words: 'settled' or 'recorded', status, version; or 'refused', code, status.
local function settle_one(id, report, worker, now)
  local key = task_key(id)
  local row = read(key)
  local tag, word, more = settled_before(row, worker, report.fence, report.stated)
  if tag == 'refused' and row then note_refused(key, worker, report.fence, report.verb, word) end
  if tag then return tag, word, more end
  local version
  if report.verb == 'complete' then version = complete(id, key, row, report, now)
  elseif report.verb == 'release' then version = release(id, row, report, now)
  else version = fail(id, row, report, now)
  end
  return 'settled', row.status, version, row.boot
end
