-- task/sides: a page of one list of a task's edges, each seen from its other side, at one moment.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
--   2  list       zset    the list
--   3  cascades   zset    what is still to be passed on
-- DERIVES task:<id> task:<id>:parents task:<id>:children task:<id>:waiting task:<id>:parked
-- ARGV
--   1  task_id    text    whose list it is
--   2  side       text    'parents' 'children' 'waiting' 'parked'
--   3  first      int     rank of the first
--   4  limit      int     how many
-- REPLY
--   { 'sides', how many there are, '1' if the end of the task is being passed on, how many words of its record, field and
--     value in turn, then of each: id, letters: 'x' it exists, 'd' it is a draft, 'k' it knows the task on its side, 'w' it
--     has it waiting, 'p' parked, 'b' it is in both lists of those that wait }
-- COST  3 + 4 per edge
local list, cascades = KEYS[2], KEYS[3]
local id, side, first, limit = take(4)

local function has(task, name, other) return redis.call('ZSCORE', task_key(task) .. ':' .. name, other) end

-- What the task at the other end has of this one.
local function letters(other)
  local row, text = redis.call('HMGET', task_key(other), 'status', 'draft'), ''
  if row[1] then text = text .. 'x' end
  if row[2] then text = text .. 'd' end
  if side == 'parents' then
    if has(other, 'children', id) then text = text .. 'k' end
    if has(other, 'waiting', id) then text = text .. 'w' end
    if has(other, 'parked', id) then text = text .. 'p' end
    return text
  end
  -- Who waits for it must be a child of it.
  if has(other, 'parents', id) and (side == 'children' or has(id, 'children', other)) then text = text .. 'k' end
  if side == 'waiting' and has(id, 'parked', other) then text = text .. 'b' end
  return text
end

local names, words = { 'status', 'open_parents', 'draft', 'on_parent_failure', 'version' }, {}
for at, value in ipairs(redis.call('HMGET', task_key(id), unpack(names))) do
  if value then words[#words + 1], words[#words + 2] = names[at], value end
end
local reply = { 'sides', digits(redis.call('ZCARD', list)), redis.call('ZSCORE', cascades, id) and '1' or '', digits(#words) }
for _, word in ipairs(words) do reply[#reply + 1] = word end
for _, other in ipairs(redis.call('ZRANGE', list, first, first + limit - 1)) do
  reply[#reply + 1], reply[#reply + 2] = other, letters(other)
end
return reply
