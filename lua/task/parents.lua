-- task/parents: a page of what those resulted in that a task had to wait for.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
--   2  parents    zset    the parents of the task
-- DERIVES task:<id> task:<id>:result
-- ARGV
--   1  first      int     rank of the first
--   2  limit      int     how many
--   3  results    text    '1': with long results too, as far as there is room for them
-- REPLY
--   { 'parents', rank at which to go on or '', then of each: id, status or '' if it is gone, ref or '', result or '' }
-- COST  1 per parent, 2 with a long result
local parents = KEYS[2]
local first, limit, results = take(3)
local rank, bytes = tonumber(first), 0

local function result_of(key, short)
  if short or results ~= '1' then return short or '' end
  return redis.call('GET', key .. ':result') or ''
end

local reply = { 'parents', '' }
for _, id in ipairs(redis.call('ZRANGE', parents, rank, rank + limit - 1)) do
  if bytes > CALL_BYTES_MAX then break end
  rank = rank + 1
  local key, at = task_key(id), #reply
  local row = redis.call('HMGET', key, 'status', 'ref', 'result')
  local result = row[1] == 'completed' and result_of(key, row[3]) or ''
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = id, row[1] or '', row[2] or '', result
  bytes = bytes + #result
end
if rank < redis.call('ZCARD', parents) then reply[2] = digits(rank) end
return reply
