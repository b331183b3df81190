-- task/claim: give a worker tasks under its lease; what it holds without knowing it comes first.
--
-- CLASS  drain
-- USES   lifecycle batch groups move endings lease takeover bands quota claim
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  leases     zset    holders and their deadlines
--   4  workers    zset    workers by registration
--   5  worker     hash    the worker's record
--   6  held       zset    what this boot holds
--   7+ queue, queue_pending  hash, zset   of each queue claimed from
-- DERIVES task:<id> task:<id>:payload task:<id>:history task:<id>:reason held:<worker>:<boot> queue:<name>
--         queue:<name>:pending queue:<name>:blocked queue:<name>:failed queue:<name>:key:<key> flow:<id>
--         flow:<id>:key:<key> cascades hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  worker     text
--   3  boot       text
--   4  expects    text    the boot this one follows, '' for none: only a boot never seen is asked
--   5  lease_ms   int     of a boot never seen; else the registered one counts
--   6  max        int     tasks wanted; 0 only asks for what it holds without knowing it
--   7  order      text    'listed' to empty the queues in the order of their keys; '' by priority and age over all
--   8  only       text    the one task wanted, or ''
--   9  listed     int     how many pairs the holder knows; then of each: task, fence, timeout_ms ('' for the default)
-- REPLY
--   { 'claimed', tick_ms, lease_ms, '' | 'solo_waiting' | in how many ms to ask again, how many listed pairs are gone,
--     of each: task, fence, why, how many tasks, then of each:
--     'granted' | 'redelivered', id, fence, queue, kind, payload, how many words follow, and pairs of those fields that
--     differ from their defaults: attempt max_attempts crashes max_crashes timeout_ms priority traceparent
--     parents }
--   { 'refused', 'schema_too_new' | 'superseded' | 'lease_lost', '' }
--   { 'refused', 'conflict', current boot, or status of the task wanted }
--   { 'refused', 'unknown_task' | 'already_finished' | 'parents_open' | 'queue_paused' | 'limit_reached', status }
-- COST  7 + 2 per queue + 3 per task granted or passed over, the latter at most 100; 1 ZREM, ZADD, XADD per call;
--       1 command per queue for its hints, 3 where it has none; 2 per limited queue, 3 more with a rate, 2 more where
--       groups take turns, 2 per priority in use where it ages; 1 per group and call
local keys = { leases = KEYS[3], workers = KEYS[4], worker = KEYS[5], held = KEYS[6] }
local now_arg, worker, boot, expects, lease_ms, max, queue_order, only, listed_count = take(9)
local now = now_from(now_arg)
local listed, order = take_listed(tonumber(listed_count))

local too_new, tick_ms = shard_state()
if too_new then return refused('schema_too_new') end

local refusal, holder, state, stands, record = admit(keys, worker, boot, expects, lease_ms)
if refusal then return refusal end

-- Why this one task cannot be claimed, or nil.
local function refusal_of_one(row, holder)
  if not row then return 'unknown_task' end
  if TERMINAL[row.status] then return 'already_finished' end
  if row.status == 'running' then
    return (row.worker ~= holder.worker or row.boot ~= holder.boot) and 'conflict' or nil
  end
  if row.status == 'blocked' or (row.open_parents and row.open_parents ~= '0') then return 'parents_open' end
  if row.status ~= 'pending' then return 'conflict' end
  local queue = queue_of(row)
  local state = redis.call('HMGET', queue_key(queue), 'paused_ms', 'limited')
  if state[1] then return 'queue_paused' end
  if not state[2] then return nil end
  local quota = quota_of(queue, now)
  if quota.left <= 0 or (row.group and not has_place(queue, row.group)) then return 'limit_reached' end
  return nil, quota
end

-- A claim of one task says why not before anything is written, but for the demotion of a child with open parents.
local found
if only ~= '' then
  local row = read(task_key(only))
  local code, quota = refusal_of_one(row, holder)
  if code == 'parents_open' and row.status == 'pending' then
    reject(only, row, now)
    write_batch()
  end
  if code then return refused(code, row and row.status) end
  local id = row.status == 'pending' and only or nil
  found = { step = 1, quotas = { quota }, wait_ms = math.huge,
    { pending = index_key(queue_of(row), 'pending'), entries = { id }, at = 1, id = id, quota = quota } }
end

local most = tonumber(max)
if stands == 'new' then
  local taken_over = adopt(keys, record, worker, boot, lease_ms, now, {})
  -- After a large takeover the script has done enough: the next claim brings the rest.
  if taken_over > TAKEOVER_AND_CLAIM_MAX then most = math.min(most, TAKEOVER_AND_CLAIM_MAX) end
  -- What was taken over is held from here on: it is redelivered, and makes the holder busy.
  write_batch()
end
extend_lease(keys.leases, holder, state, now)
local reply = { 'claimed', tick_ms, holder.lease_ms }
local ask = { max = most, queues = queues_from(7), found = found, listed = listed, order = order,
  without = NOTHING_SETTLED, in_order = queue_order == 'listed' }
claim_tasks(holder, ask, now, reply)
write_batch()
reply[2] = due_at_once() or tick_ms
return reply
