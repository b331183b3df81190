-- flow/tasks: a page of the tasks of a flow in the order of their positions, each with the edges to its children.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta        hash    the shard
--   2  flow_tasks  zset    its tasks by their position
-- DERIVES task:<id> task:<id>:children task:<id>:waiting task:<id>:parked task:<id>:reason task:<id>:tags
-- ARGV
--   1  first      int     rank of the first
--   2  limit      int     how many tasks
--   3  edges      int     how many edges at most; those of the tasks behind are left out then
-- REPLY
--   { 'tasks', how many tasks the flow has, count, then of each: id, how many words, field and value in turn, how many
--     edges, and of each: child, 'open' | 'held' | 'closed' }
-- COST  5 per task, and 1 per edge
local tasks = KEYS[2]
local first, limit, edges = take(3)
local room = tonumber(edges)

-- The edges from a task, as far as there is room for them.
local function answer_edges(reply, id)
  local key = task_key(id)
  local children = room > 0 and redis.call('ZRANGE', key .. ':children', 0, room - 1) or {}
  room = room - #children
  reply[#reply + 1] = digits(#children)
  if #children == 0 then return end
  local waiting = redis.call('ZMSCORE', key .. ':waiting', unpack(children))
  local parked = redis.call('ZMSCORE', key .. ':parked', unpack(children))
  for at, child in ipairs(children) do
    reply[#reply + 1] = child
    reply[#reply + 1] = waiting[at] and 'open' or parked[at] and 'held' or 'closed'
  end
end

local ids = redis.call('ZRANGE', tasks, first, first + limit - 1)
local reply = { 'tasks', digits(redis.call('ZCARD', tasks)), digits(#ids) }
for _, id in ipairs(ids) do
  reply[#reply + 1] = id
  answer_row(reply, task_key(id), redis.call('HGETALL', task_key(id)), LISTED)
  answer_edges(reply, id)
end
return reply
