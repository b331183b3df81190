-- task/read: all that is known of some tasks.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
-- DERIVES task:<id> task:<id>:payload task:<id>:result task:<id>:error task:<id>:reason task:<id>:tags
-- ARGV
--   1  values     text    '1': with payload and result too, where they are long
--   2  count      int     how many tasks; then their ids
-- REPLY
--   { 'read', of each task: how many words, then field and value in turn; 0 words: there is no such task }
-- COST  1 per task, 3 more per finished one, 2 more with values
local values, size = take(2)
local reply = { 'read' }

for _ = 1, tonumber(size) do
  local key = task_key((take()))
  local flat = redis.call('HGETALL', key)
  if #flat > 0 then
    for _, name in ipairs(values == '1' and { 'error', 'reason', 'tags', 'payload', 'result' }
      or { 'error', 'reason', 'tags' }) do
      local long = redis.call('GET', key .. ':' .. name)
      if long then flat[#flat + 1], flat[#flat + 2] = name, long end
    end
  end
  reply[#reply + 1] = digits(#flat)
  for at = 1, #flat do reply[#reply + 1] = flat[at] end
end
return reply
