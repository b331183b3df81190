-- lib/cascade: what stands on the list of what is still to be passed on.

-- Goes on with one entry: the end of a task, or what is being done with a flow.
local function pass_entry(cascades, name, room, now)
  local status = redis.call('HGET', task_key(name), 'status')
  local finished
  if not status then
    finished = work_on(name, room, now)
    -- A piece that could do nothing waits for the entries behind it.
    if not finished then redis.call('ZADD', cascades, now.digits, name) end
  else
    -- An entry is there before its task can be rerun, and the rerun waits for it to go.
    finished = not TERMINAL[status] or pass_piece({ id = name, status = status }, room, now)
  end
  if finished then redis.call('ZREM', cascades, name) end
  pass_on(room)
end

-- The keys of a task that never came into being.
local function draft_keys(id, keys)
  local key = task_key(id)
  for _, beside in ipairs({ '', ':payload', ':tags', ':parents', ':children', ':waiting' }) do
    keys[#keys + 1] = key .. beside
  end
end

-- Removes a piece of a draft that nobody went on with. From the first piece on it takes no more of it.
local function give_up_draft(drafts, room, now)
  local flow = redis.call('ZRANGE', drafts, '-inf', now.digits, 'BYSCORE', 'LIMIT', 0, 1)[1]
  if not flow then return end
  local key, keys = flow_key(flow), {}
  local op = redis.call('HGET', key, 'op')
  -- Once only: from then on the same idempotency key may belong to the next draft.
  if op then
    redis.call('DEL', op)
    redis.call('HDEL', key, 'op')
  end
  redis.call('HSET', key, 'draft', 'given_up')
  local size = math.ceil(room.left / WEIGHT_OF_MOVE)
  local ids = redis.call('ZRANGE', key .. ':tasks', 0, size - 1)
  for _, id in ipairs(ids) do
    draft_keys(id, keys)
    local dedupe = redis.call('HGET', task_key(id), 'key')
    if dedupe then keys[#keys + 1] = dedupe_key(flow, nil, dedupe) end
  end
  room.left = room.left - WEIGHT_OF_MOVE * #ids
  if #ids > 0 then
    redis.call('UNLINK', unpack(keys))
    redis.call('ZREMRANGEBYRANK', key .. ':tasks', 0, #ids - 1)
  end
  if #ids < size then
    redis.call('UNLINK', key)
    redis.call('ZREM', drafts, flow)
  end
end
