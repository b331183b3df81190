-- shard/import: write the next piece of an export into a shard that is being made of it.
--
-- CLASS  grow
-- USES   lifecycle batch groups move endings edges
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  importing  zset    parents that children have named, and that have not come yet
-- DERIVES task:<id> task:<id>:payload task:<id>:result task:<id>:error task:<id>:reason task:<id>:tags task:<id>:history
--         task:<id>:log task:<id>:refused task:<id>:parents task:<id>:children task:<id>:waiting task:<id>:parked held:<worker>:<boot>
--         scheduled leases cascades queues queue:<name> queue:<name>:<status> queue:<name>:waiting queue:<name>:groups
--         queue:<name>:key:<key> flow:<id> flow:<id>:tasks flow:<id>:key:<key> flows hints:<queue> kind:<name>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  import     text    the name of the import
--   3  piece      int     the number of this piece, from 1
--   4  writes     int     how many writes; then of each: its verb, the key without the prefix, how many words, and the words
-- REPLY
--   { 'imported', how many tasks had come before }
--   { 'refused', 'conflict', '' }         another import is at it, or none, or it is the turn of another piece
--   { 'refused', 'unknown_flow', id }     a task is of a flow that has not come
-- COST  6 per task, 6 per parent, 20 per edge to a parent that did not come, 1 per other write; words are bounded by the caller
local importing = KEYS[3]
local now_arg, import, piece, writes = take(4)
local now = now_from(now_arg)
local state = redis.call('HMGET', META, 'importing', 'imported')

local done = tonumber(state[2] or 0)
if state[1] ~= import then return refused('conflict') end
-- Sent once more: it is in.
if tonumber(piece) == done then return { 'imported', '0' } end
if tonumber(piece) ~= done + 1 then return refused('conflict') end

-- A refusal from here on leaves a part of the piece behind, in a shard that is not whole and never becomes it.
local known, skipped, refusal = 0, nil, nil
-- Edges to one parent that are forgotten at once.
local FORGET = 20

-- The indexes follow from the task, so that they agree with it however long the export took.
local function enter_index(id, row, score, waits)
  local queue = queue_key(row.queue or 'default')
  if row.status == 'running' then
    redis.call('ZADD', held_key(row.worker, row.boot), score, id)
    -- A holder whose lease did not come along has lost it.
    redis.call('ZADD', SHARD .. 'leases', 'NX', 0, row.worker .. ':' .. row.boot)
    redis.call('HINCRBY', queue, 'running', 1)
    if row.group then redis.call('HINCRBY', queue .. ':groups', row.group, 1) end
  elseif row.status == 'scheduled' then
    redis.call('ZADD', SHARD .. 'scheduled', score, id)
    redis.call('HINCRBY', queue, 'scheduled', 1)
  elseif waits == '1' then
    redis.call('ZADD', queue .. ':waiting', 0, waiting_member(id, row, tonumber(row.pending_ms or row.created_ms)))
  else
    redis.call('ZADD', queue .. ':' .. row.status, score, id)
  end
  redis.call('ZADD', SHARD .. 'queues', 'NX', row.created_ms, row.queue or 'default')
end

local function enter_flow(id, row, position)
  local flow = flow_key(row.flow)
  if redis.call('EXISTS', flow) == 0 then
    refusal = refused('unknown_flow', id)
    return
  end
  redis.call('HINCRBY', flow, row.status, 1)
  if not TERMINAL[row.status] then redis.call('HINCRBY', flow, 'live', 1) end
  redis.call('ZADD', flow .. ':tasks', position, id)
end

-- Two that live have one key only where they were read at different moments: it stays with the one that came first. That it was
-- so is noted, as a shard that was still has none.
local function take_key(id, row)
  local key = (row.flow and flow_key(row.flow) or queue_key(row.queue or 'default')) .. ':key:' .. row.key
  local holder = redis.call('GET', key)
  if not holder or holder == id then
    redis.call('SET', key, id)
    return
  end
  redis.call('HDEL', task_key(id), 'key')
  redis.call('HSET', META, 'doubled', id)
end

-- Only what has ended parks children; an end that children still wait for is passed on by the chore.
local function settle_children(id, status)
  local key = task_key(id)
  redis.call('HSET', key, 'children', digits(redis.call('ZCARD', key .. ':children')))
  if TERMINAL[status] then
    if redis.call('EXISTS', key .. ':waiting') == 1 then redis.call('ZADD', CASCADES, 'NX', now.digits, id) end
    return
  end
  local parked = redis.call('ZRANGE', key .. ':parked', 0, -1, 'WITHSCORES')
  for at = 1, #parked, 2 do redis.call('ZADD', key .. ':waiting', parked[at + 1], parked[at]) end
  if #parked > 0 then redis.call('UNLINK', key .. ':parked') end
end

-- As if it had been unlinked. One that was held, as its parent did not end well, never runs.
local function forget_edge(parent, child)
  local key, why = task_key(parent), 'unlinked=' .. parent
  local open, held = redis.call('ZREM', key .. ':waiting', child), redis.call('ZREM', key .. ':parked', child)
  redis.call('ZREM', key .. ':children', child)
  redis.call('ZREM', task_key(child) .. ':parents', parent)
  lower(child, 'parents')
  if open + held == 0 then return end
  local state = redis.call('HMGET', task_key(child), 'status', 'open_parents')
  if held == 0 or state[1] ~= 'blocked' then
    count_down(child, state, now, why)
    return
  end
  redis.call('HSET', task_key(child), 'open_parents', digits(math.max((state[2] or 1) - 1, 0)))
  cancel(child, read(task_key(child)), now, NOBODY, why)
end

-- Whether an id of a stream comes after another one; what is no id is for XADD to refuse.
local function is_after(id, other)
  local ms, number = string.match(id, '^(%d+)-(%d+)$')
  local other_ms, other_number = string.match(other, '^(%d+)-(%d+)$')
  if not ms then return true end
  if ms ~= other_ms then return tonumber(ms) > tonumber(other_ms) end
  return tonumber(number) > tonumber(other_number)
end

local VERBS = {
  -- Field and value in turn.
  hash = function(key, words) redis.call('HSET', key, unpack(words)) end,
  -- Score and member in turn.
  zset = function(key, words) redis.call('ZADD', key, unpack(words)) end,
  -- The same of ends that are to be passed on: of those only whose task or flow is here.
  cascade = function(key, words)
    for at = 1, #words, 2 do
      if redis.call('EXISTS', task_key(words[at + 1]), flow_key(words[at + 1])) > 0 then
        redis.call('ZADD', key, words[at], words[at + 1])
      end
    end
  end,
  string = function(key, words) redis.call('SET', key, words[1]) end,
  -- An id, and field and value in turn. A scan may have named the stream twice: then the entry is there.
  stream = function(key, words)
    local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
    if not last or is_after(words[1], last[1]) then redis.call('XADD', key, unpack(words)) end
  end,
  -- The ms at which it expires.
  expire = function(key, words) redis.call('PEXPIRE', key, digits(math.max(words[1] - now.ms, 1))) end,
  -- Its score, '1' if its group has no place, its position in its flow, then field and value in turn. A scan may have named
  -- it twice; what came first counts.
  task = function(key, words, suffix)
    local id, row = string.sub(suffix, 6), {}
    if redis.call('EXISTS', key) == 1 then
      known, skipped = known + 1, suffix
      return
    end
    for at = 4, #words, 2 do row[words[at]] = words[at + 1] end
    redis.call('HSET', key, unpack(words, 4))
    enter_index(id, row, words[1], words[2])
    if row.flow then enter_flow(id, row, words[3]) end
    if row.key and not TERMINAL[row.status] then take_key(id, row) end
    if redis.call('ZREM', importing, id) == 1 then settle_children(id, row.status) end
  end,
  -- Of a child: the parent, order, order among its children, open | held | closed, since when.
  edge = function(key, words, suffix)
    local child, parent = string.sub(suffix, 6), words[1]
    local status = redis.call('HGET', task_key(parent), 'status')
    redis.call('ZADD', key .. ':parents', words[2], parent)
    redis.call('ZADD', task_key(parent) .. ':children', words[3], child)
    if words[4] ~= 'closed' then
      redis.call('ZADD', task_key(parent) .. (words[4] == 'held' and ':parked' or ':waiting'), words[5], child)
    end
    if status then settle_children(parent, status) else redis.call('ZADD', importing, 0, parent) end
  end,
  -- When a flow came, if nobody says it better: its record may have been read, and the list of flows when it was gone.
  listed = function(key, words) redis.call('ZADD', key, 'NX', words[1], words[2]) end,
  -- A task that others named as their parent, and that did not come: gone, or made, while the export was.
  forget = function(key, _, suffix)
    local parent = string.sub(suffix, 6)
    shard_state()
    for _, child in ipairs(redis.call('ZRANGE', key .. ':children', 0, FORGET - 1)) do forget_edge(parent, child) end
    if redis.call('EXISTS', key .. ':children') == 0 then redis.call('ZREM', importing, parent) end
  end,
  -- A flow that came before its last task ended, or before one was rerun, or of which nothing came but its record or its name.
  flow = function(key, _, suffix)
    if redis.call('EXISTS', key .. ':tasks') == 0 then
      redis.call('UNLINK', key)
      redis.call('ZREM', SHARD .. 'flows', string.sub(suffix, 6))
      return
    end
    local row = redis.call('HMGET', key, 'live', 'finished_ms', 'tasks')
    local ended = tonumber(row[1] or 0) == 0
    if ended and not row[2] then redis.call('HSET', key, 'finished_ms', now.digits) end
    if not ended and row[2] then redis.call('HDEL', key, 'finished_ms') end
  end,
}

for _ = 1, tonumber(writes) do
  local verb, suffix, size = take(3)
  local words = { take(tonumber(size)) }
  local write = VERBS[verb] or error('BROKEN no write of an import is called ' .. verb)
  local is_of_known = skipped and string.sub(suffix, 1, #skipped) == skipped
  if not is_of_known then
    skipped = nil
    write(SHARD .. suffix, words, suffix)
    if refusal then return refusal end
  end
end
write_batch()
redis.call('HSET', META, 'imported', piece)
return { 'imported', digits(known) }
