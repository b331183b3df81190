-- task/history: the lines kept of a task's life, and its fields, from which the ordinary moves are read.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  task       hash    the task
--   3  history    zset    lines by version
-- ARGV
-- REPLY
--   { 'history', how many words, field and value of the task in turn, then lines, each a version and what happened }
--   { 'refused', 'unknown_task', '' }
-- COST  2; at most 1,000 lines
local task, history = KEYS[2], KEYS[3]
local flat = redis.call('HGETALL', task)
if #flat == 0 or is_draft(flat) then return refused('unknown_task') end

local reply = { 'history', digits(#flat) }
for at = 1, #flat do reply[#reply + 1] = flat[at] end
for _, line in ipairs(redis.call('ZRANGE', history, 0, -1)) do reply[#reply + 1] = line end
return reply
