-- shard/export: tasks with all that is theirs, each as it is at one moment, for a file of which another namespace can be made.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
-- DERIVES task:<id> task:<id>:payload task:<id>:result task:<id>:error task:<id>:reason task:<id>:tags task:<id>:history
--         task:<id>:log task:<id>:refused task:<id>:parents task:<id>:children task:<id>:waiting task:<id>:parked
--         held:<worker>:<boot> scheduled queue:<name>:<status> flow:<id>:tasks
-- ARGV
--   1  bytes      int     how much to bring at most; one task in any case
--   2  count      int     how many tasks; then their ids
-- REPLY
--   { 'tasks', how many of them were looked at, of each that is there: id, how many words its fields take and the fields,
--     score, '1' if it stands in no index because its group has no place, position in its flow or '', how many parents,
--     of each: id, order, order among its children, 'open' | 'held' | 'closed', since when; how many values lie beside it,
--     of each: name, type, how many words and the words; a record that cannot be read has no fields, and nothing behind them }
-- COST  13 per task, 5 per parent, and the bytes
local bytes, count = take(2)
bytes, count = tonumber(bytes), tonumber(count)

local reply, size = { 'tasks', '0' }, 0
local function say(word)
  size = size + #word
  reply[#reply + 1] = word
end
local function say_all(words)
  say(digits(#words))
  for _, word in ipairs(words) do say(word) end
end

-- The index in which a task stands.
local function place_of(row)
  if row.status == 'running' then return row.worker and row.boot and held_key(row.worker, row.boot) end
  if row.status == 'scheduled' then return SHARD .. 'scheduled' end
  return row.status and queue_key(row.queue or 'default') .. ':' .. row.status
end

-- Both sides of its edges, so that no later change of the parent tears them apart.
local function say_parents(id, key)
  local parents = redis.call('ZRANGE', key .. ':parents', 0, -1, 'WITHSCORES')
  say(digits(#parents / 2))
  for at = 1, #parents, 2 do
    local parent = task_key(parents[at])
    local open = redis.call('ZSCORE', parent .. ':waiting', id)
    local held = not open and redis.call('ZSCORE', parent .. ':parked', id)
    say(parents[at])
    say(parents[at + 1])
    say(redis.call('ZSCORE', parent .. ':children', id) or parents[at + 1])
    say(open and 'open' or held and 'held' or 'closed')
    say(open or held or '')
  end
end

local READ = {
  string = function(key) return { redis.call('GET', key) or nil } end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
  -- Of each entry its id, how many words it has, and these.
  stream = function(key)
    local words = {}
    for _, entry in ipairs(redis.call('XRANGE', key, '-', '+')) do
      words[#words + 1], words[#words + 2] = entry[1], digits(#entry[2])
      for _, word in ipairs(entry[2]) do words[#words + 1] = word end
    end
    return words
  end,
}
local BESIDE = { { 'payload', 'string' }, { 'result', 'string' }, { 'error', 'string' }, { 'reason', 'string' },
  { 'tags', 'string' }, { 'history', 'zset' }, { 'log', 'stream' }, { 'refused', 'zset' } }

local function say_beside(key)
  local found = {}
  for _, value in ipairs(BESIDE) do
    local words = READ[value[2]](key .. ':' .. value[1])
    if #words > 0 then found[#found + 1] = { value[1], value[2], words } end
  end
  say(digits(#found))
  for _, value in ipairs(found) do
    say(value[1])
    say(value[2])
    say_all(value[3])
  end
end

local function say_task(id, key, row)
  local place = place_of(row)
  local score = place and redis.call('ZSCORE', place, id)
  say(id)
  say_all(redis.call('HGETALL', key))
  say(score or '0')
  say(not score and row.status == 'pending' and '1' or '')
  say(row.flow and redis.call('ZSCORE', flow_key(row.flow) .. ':tasks', id) or '')
  say_parents(id, key)
  say_beside(key)
end

-- A key of another type than it should have ends the record, not the export.
local function say_or_name(id, key)
  local from, bytes_from = #reply, size
  local sound = pcall(function()
    local row = read(key)
    if row then say_task(id, key, row) end
  end)
  if sound then return end
  for at = #reply, from + 1, -1 do reply[at] = nil end
  size = bytes_from
  say(id)
  say('0')
end

local looked = 0
while looked < count and (looked == 0 or size < bytes) do
  local id = take()
  looked = looked + 1
  say_or_name(id, task_key(id))
end
reply[2] = digits(looked)
return reply
