-- error/tasks: the tasks that failed lately in one way, the latest first.
--
-- CLASS  read
-- KEYS
--   1  meta         hash    the shard
-- DERIVES error:<fingerprint>:tasks
-- ARGV
--   1  fingerprint  text    the group
--   2  first        int     rank of the first task of the page, from the latest
--   3  limit        int     how many
-- REPLY
--   { 'listed', how many there are, then of each: id, the ms at which it failed }
-- COST  2, and log n
local fingerprint, first, limit = take(3)
local key = SHARD .. 'error:' .. fingerprint .. ':tasks'

local reply = { 'listed', digits(redis.call('ZCARD', key)) }
for _, word in ipairs(redis.call('ZRANGE', key, first, first + limit - 1, 'REV', 'WITHSCORES')) do
  reply[#reply + 1] = word
end
return reply
