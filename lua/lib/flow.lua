-- lib/flow: work on a whole flow, a bounded piece at a time. The flow's hash says what is being done and how far it is,
-- so that whoever comes next goes on there.

local WORK = {}

-- Makes a task of a draft; answers its queue. From the last position to the first, so that nobody sees a task whose children are not there.
local function lay_out_task(id, now, submitter)
  local key = task_key(id)
  local flat, row = redis.call('HGETALL', key), {}
  for at = 1, #flat, 2 do row[flat[at]] = flat[at + 1] end
  local later = is_later(row.run_at_ms)
  local status = row.open_parents and 'blocked' or later and 'scheduled' or 'pending'
  redis.call('HSET', key, 'status', status, 'version', '1', 'created_ms', now.digits)
  if later or not row.run_at_ms then redis.call('HDEL', key, 'draft')
  else redis.call('HDEL', key, 'draft', 'run_at_ms')
  end
  place_task(id, row, status, row.run_at_ms, now, submitter)
  return queue_of(row)
end

function WORK.lay_out(flow, record, room, now)
  local left = tonumber(record.doing_at)
  local first = math.max(left - math.ceil(room.left / WEIGHT_OF_MOVE), 0)
  local ids = redis.call('ZRANGE', flow_key(flow) .. ':tasks', first, left - 1)
  local submitter = actor('', '', record.submitted_by)
  local met = {}
  for at = #ids, 1, -1 do
    local queue = lay_out_task(ids[at], now, submitter)
    if not met[queue] then redis.call('ZADD', SHARD .. 'queues', 'NX', now.digits, queue) end
    met[queue] = true
  end
  room.left = room.left - WEIGHT_OF_MOVE * #ids
  return first, first == 0
end

-- Goes through the tasks of a flow from the last position to the first, as far as there is room. `act` answers true
-- where it has to be asked again later.
local function backwards(flow, record, room, act)
  local left, by = tonumber(record.doing_at), actor('', '', record.doing_by)
  local first = math.max(left - math.max(math.ceil(room.left / WEIGHT_OF_MOVE), 1), 0)
  local ids = redis.call('ZRANGE', flow_key(flow) .. ':tasks', first, left - 1)
  room.left = room.left - WEIGHT_OF_MOVE * #ids
  for at = #ids, 1, -1 do
    local row = read(task_key(ids[at]))
    if row and act(ids[at], row, by, record.doing_reason or '') then return first + at, false end
  end
  return first, first == 0
end

-- Cancels what has not ended. Children end before their parents do, so nobody's policy starts anything meanwhile.
function WORK.cancel(flow, record, room, now)
  return backwards(flow, record, room, function(id, row, by, reason)
    if not TERMINAL[row.status] then cancel(id, row, now, by, reason) end
  end)
end

-- Is an end still to be passed on that was there before this work began? Other flows that are worked on are none, and a
-- clock that went back cannot tell.
local function follows_ends(record, now)
  if now.ms < tonumber(record.doing_ms) then return false end
  for _, name in ipairs(redis.call('ZRANGE', CASCADES, '-inf', record.doing_ms, 'BYSCORE', 'LIMIT', 0, CASCADE_ENTRIES_MAX)) do
    if redis.call('EXISTS', task_key(name)) == 1 then return true end
  end
end

-- Reruns what ended otherwise than well. Children wait again before their parents run, so a parent that fails again takes
-- them along; and the ends from before must have reached them, or they would end once more by those.
function WORK.rerun(flow, record, room, now)
  local from = record.doing_from_ms
  if not from then
    if follows_ends(record, now) then return tonumber(record.doing_at), false end
    from = now.digits
    redis.call('HSET', flow_key(flow), 'doing_from_ms', from)
  end
  return backwards(flow, record, room, function(id, row, by, reason)
    if not TERMINAL[row.status] or row.status == 'completed' then return false end
    -- What ended since was not meant: its children may have been passed over already.
    if tonumber(row.finished_ms) > tonumber(from) then return false end
    local _, code = rerun(id, row, now, by, reason)
    return code == 'conflict' and redis.call('ZSCORE', CASCADES, id)
  end)
end

-- Does a piece of what is to be done with a flow; answers whether that was the last.
local function work_on(flow, room, now)
  local key = flow_key(flow)
  local record = read(key)
  local work = record and WORK[record.doing]
  if not work then return true end
  local at, finished = work(flow, record, room, now)
  if finished then redis.call('HDEL', key, 'doing', 'doing_at', 'doing_ms', 'doing_from_ms', 'doing_by', 'doing_reason')
  else redis.call('HSET', key, 'doing_at', digits(at))
  end
  return finished
end
