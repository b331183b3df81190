-- flow/open: the first task of a flow, by its position, that has not ended.
--
-- CLASS  read
-- USES   lifecycle
-- KEYS
--   1  meta        hash    the shard
--   2  flow_tasks  zset    its tasks by their position
-- DERIVES task:<id>
-- ARGV
--   1  first      int     rank at which to begin
--   2  limit      int     how many tasks are looked at
-- REPLY
--   { 'open', id }
--   { 'none', '1' if there are tasks behind those that were looked at }
-- COST  1 per task until the first that has not ended
local tasks = KEYS[2]
local first, limit = take(2)

local ids = redis.call('ZRANGE', tasks, first, first + limit - 1)
for _, id in ipairs(ids) do
  local row = redis.call('HMGET', task_key(id), 'status', 'draft')
  if row[1] and not row[2] and not TERMINAL[row[1]] then return { 'open', id } end
end
return { 'none', redis.call('ZCARD', tasks) > first + limit and '1' or '' }
