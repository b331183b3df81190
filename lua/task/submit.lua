-- task/submit: make tasks, all that are not refused in one step; each exists at most once however often it is sent.
--
-- CLASS  grow
-- USES   lifecycle batch move once
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  queues     zset    queues that exist
--   4  scheduled  zset    due times
--   5  op         string  the remembered answer of this call; only with an idempotency key
-- DERIVES task:<id> task:<id>:payload task:<id>:tags queue:<name> queue:<name>:pending queue:<name>:key:<key>
--         hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  by         text    who submits
--   3  digest     text    of the request, with an idempotency key; else ''
--   4  count      int     how many tasks; then of each:
--      id queue priority run_at_ms key on_duplicate payload fields, and `fields` pairs of further fields;
--      run_at_ms is '' for now, a Unix time, or '+' and how many ms from now
-- REPLY
--   { 'submitted', then of each task: 'created' | 'existing' | 'duplicate', id, status, version
--                                           or 'refused', id of the other, 'duplicate_key', '' }
--   { 'replayed', the same words as first answered }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch', '' }
-- COST  4 + 4 per task; 1 ZADD per queue, 1 XADD per 100 tasks; 1 command per queue for its hints, 3 where it has none
local queues, op = KEYS[3], KEYS[5]
local now_arg, by, digest, count_arg = take(4)
local now, submitter = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end

if op then
  local answer = remembered(op, digest)
  if answer then return answer end
end

-- The live task that carries this key, if there is one.
local keys_of_call = {}
local function live_with(holder)
  return keys_of_call[holder] or redis.call('GET', holder)
end

local function state_of(id)
  local state = redis.call('HMGET', task_key(id), 'status', 'version')
  return state[1], state[2]
end

local function create(id, queue, priority, run_at_ms, key, payload, fields)
  local row = { queue = queue, priority = priority, version = '0' }
  -- A delay counts from Redis's clock, whatever the clock of the submitter says.
  if string.sub(run_at_ms, 1, 1) == '+' then run_at_ms = digits(now.ms + tonumber(run_at_ms)) end
  local later = run_at_ms ~= '' and tonumber(run_at_ms) > now.ms
  local status = later and 'scheduled' or 'pending'
  local set = { 'status', status, 'version', '1', 'created_ms', now.digits }
  for at = 1, #fields, 2 do
    local field, value = fields[at], fields[at + 1]
    row[field] = value
    if field == 'tags' then put_value(task_key(id), set, nil, field, value)
    else set[#set + 1], set[#set + 2] = field, value
    end
  end
  if queue ~= 'default' then set[#set + 1], set[#set + 2] = 'queue', queue end
  if priority ~= '5' then set[#set + 1], set[#set + 2] = 'priority', priority end
  if later then set[#set + 1], set[#set + 2] = 'run_at_ms', run_at_ms end
  if key ~= '' then set[#set + 1], set[#set + 2] = 'key', key end
  put_value(task_key(id), set, nil, 'payload', payload)
  redis.call('HSET', task_key(id), unpack(set))
  enter_index(id, row, status, now.ms, run_at_ms)
  tell('submit', submitter, id, event_text(row, '1', later and 'due=' .. run_at_ms or ''))
  return status
end

local seen, reply = {}, { 'submitted' }
local function answer(tag, id, status, version)
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = tag, id, status, version
end

for _ = 1, tonumber(count_arg) do
  local id, queue, priority, run_at_ms, key, on_duplicate, payload, field_count = take(8)
  local fields = { take(2 * field_count) }
  local status, version = state_of(id)
  local holder = key ~= '' and queue_key(queue) .. ':key:' .. key
  local live = holder and not status and live_with(holder)
  if status then
    answer('existing', id, status, version)
  elseif live and on_duplicate == 'reject' then
    answer('refused', live, 'duplicate_key', '')
  elseif live then
    answer('duplicate', live, state_of(live))
  else
    if holder then
      redis.call('SET', holder, id)
      keys_of_call[holder] = id
    end
    if not seen[queue] then
      seen[queue] = true
      redis.call('ZADD', queues, 'NX', now.digits, queue)
    end
    answer('created', id, create(id, queue, priority, run_at_ms, key, payload, fields), '1')
  end
end

write_batch()
if op then remember(op, digest, reply, OP_RETENTION_MS) end
return reply
