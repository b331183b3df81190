-- task/read: all that is known of some tasks.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
-- DERIVES task:<id> task:<id>:payload task:<id>:result task:<id>:error task:<id>:reason task:<id>:tags
-- ARGV
--   1  values     text    '1': with payload and result too, where they are long
--   2  count      int     how many tasks; then their ids
-- REPLY
--   { 'read', of each task: how many words, then field and value in turn; 0 words: there is no such task }
-- COST  4 per task, 2 more with values
local values, size = take(2)
local names = { 'error', 'reason', 'tags' }
if values == '1' then names = { 'error', 'reason', 'tags', 'payload', 'result' } end

local reply = { 'read' }
for _ = 1, tonumber(size) do
  local key = task_key((take()))
  answer_row(reply, key, redis.call('HGETALL', key), names)
end
return reply
