-- flow/kinds: a part of a flow by kinds: how many tasks of each there are in which status, and how often one waits for another.
--
-- CLASS  read
-- KEYS
--   1  meta        hash    the shard
--   2  flow_tasks  zset    its tasks by their position
-- DERIVES task:<id> task:<id>:children
-- ARGV
--   1  rank     int     of the first task
--   2  skipped  int     how many of its edges were counted before; more than 0: so was the task
--   3  limit    int     how many tasks
--   4  edges    int     how many edges
-- REPLY
--   { 'kinds', how many tasks the flow has, the rank that comes next and how many of its edges were counted, or '' twice,
--     how many sorts of tasks, then of each: queue, kind, status, how many; then of each sort of edge: queue and kind of the
--     parents, queue and kind of the children, how many }
-- COST  2 per task, and 1 per edge
local tasks = KEYS[2]
local rank, skipped, limit, room = take(4)
rank, skipped, room = tonumber(rank), tonumber(skipped), tonumber(room)

-- Counts by words, in the order in which they came.
local function tally()
  local counts, order = {}, {}
  return order, counts, function(words)
    if not counts[words] then order[#order + 1] = words end
    counts[words] = (counts[words] or 0) + 1
  end
end
local sorts, of_sort, count_task = tally()
local ways, of_way, count_edge = tally()

-- Names have no spaces. One that is not laid out yet is silent.
local function called(row) return (row[2] or 'default') .. ' ' .. row[3] end
local function read_task(id) return redis.call('HMGET', task_key(id), 'flow', 'queue', 'kind', 'status', 'draft') end

local ids = redis.call('ZRANGE', tasks, rank, rank + limit - 1)
local total = redis.call('ZCARD', tasks)
local next_rank, next_skipped = rank + #ids, 0
for at, id in ipairs(ids) do
  local row = read_task(id)
  if row[3] and not row[5] then
    if skipped == 0 then count_task(called(row) .. ' ' .. row[4]) end
    local children = redis.call('ZRANGE', task_key(id) .. ':children', skipped, skipped + room - 1)
    for _, child in ipairs(children) do
      local other = read_task(child)
      -- Those that wait elsewhere are no part of it.
      if other[1] == row[1] and other[3] then count_edge(called(row) .. ' ' .. called(other)) end
    end
    room = room - #children
    if room == 0 then
      next_rank, next_skipped = rank + at - 1, skipped + #children
      break
    end
  end
  skipped = 0
end

local goes_on = next_skipped > 0 or next_rank < total
local reply = { 'kinds', digits(total), goes_on and digits(next_rank) or '', goes_on and digits(next_skipped) or '', digits(#sorts) }
for _, list in ipairs({ { sorts, of_sort }, { ways, of_way } }) do
  for _, words in ipairs(list[1]) do
    for word in string.gmatch(words, '%S+') do reply[#reply + 1] = word end
    reply[#reply + 1] = digits(list[2][words])
  end
end
return reply
