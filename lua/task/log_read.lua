-- task/log_read: a page of a task's log.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
--   2  log        stream  of the task
-- ARGV
--   1  after      text    id of the last line read, '' from the beginning
--   2  limit      int     how many lines
-- REPLY
--   { 'log', of each line: id, level, attempt, text }
-- COST  1
local log = KEYS[2]
local after, limit = take(2)
local entries = redis.call('XRANGE', log, after == '' and '-' or '(' .. after, '+', 'COUNT', limit)

local reply = { 'log' }
for _, entry in ipairs(entries) do
  local fields = entry[2]
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = entry[1], fields[2], fields[4], fields[6]
end
return reply
