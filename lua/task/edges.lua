-- task/edges: a page of the tasks that a task waits for, or of those that wait for it.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  edges      zset    the parents or the children of the task
-- DERIVES task:<id> task:<id>:waiting task:<id>:parked task:<id>:reason task:<id>:tags
-- ARGV
--   1  task_id    text    whose edges they are
--   2  side       text    'parents' | 'children'
--   3  first      int     rank of the first
--   4  limit      int     how many
--   5  only       text    'open': those only that are open or held; else ''
-- REPLY
--   { 'edges', how many there are, rank at which to go on or '', count, then of each: id, 'open' | 'held' | 'closed', how
--     many words, field and value in turn }
-- COST  3 per edge looked at, 3 more per edge answered
local edges = KEYS[2]
local id, side, first, limit, only = take(5)
local total, rank = redis.call('ZCARD', edges), tonumber(first)

local function state_of(parent, child)
  if redis.call('ZSCORE', task_key(parent) .. ':waiting', child) then return 'open' end
  return redis.call('ZSCORE', task_key(parent) .. ':parked', child) and 'held' or 'closed'
end

local reply, count = { 'edges', digits(total), '', '0' }, 0
local others = redis.call('ZRANGE', edges, rank, rank + (only == '' and limit or SCAN_MAX) - 1)
for _, other in ipairs(others) do
  if count >= tonumber(limit) then break end
  rank = rank + 1
  local state = side == 'parents' and state_of(other, id) or state_of(id, other)
  if only == '' or state ~= 'closed' then
    reply[#reply + 1], reply[#reply + 2] = other, state
    answer_row(reply, task_key(other), redis.call('HGETALL', task_key(other)), LISTED)
    count = count + 1
  end
end
reply[3], reply[4] = rank < total and digits(rank) or '', digits(count)
return reply
