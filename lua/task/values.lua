-- task/values: what a search must look into: the beginning of payloads, and why runs failed.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
-- DERIVES task:<id> task:<id>:payload task:<id>:error task:<id>:reason
-- ARGV
--   1  count      int     how many tasks; then their ids
-- REPLY
--   { 'values', of each task: payload, error, reason; '' for what it has not, or if there is no such task }
-- COST  4 per task, and the bytes
local VALUES = { { 'payload', QUERY_PAYLOAD_BYTES }, { 'error', ERROR_BYTES_MAX }, { 'reason', ERROR_BYTES_MAX } }

local reply = { 'values' }
for _ = 1, tonumber(take()) do
  local key = task_key((take()))
  local row = redis.call('HMGET', key, 'payload', 'error', 'reason')
  for at, value in ipairs(VALUES) do
    -- One byte more than is wanted tells that there is more.
    reply[#reply + 1] = row[at] or redis.call('GETRANGE', key .. ':' .. value[1], 0, value[2])
  end
end
return reply
