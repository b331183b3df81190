-- webhook/deliveries: what waits for the receiver of a webhook in one shard, and how the latest attempts went.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
--   2  due        zset    deliveries, by the ms of their next attempt
--   3  tries      hash    how often deliveries failed
--   4  counts     hash    how its deliveries went
--   5  latest     zset    the latest attempts
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  limit      int     how many of each
-- REPLY
--   { 'listed', now_ms, how many wait, how many words, field and value in turn;
--     how many of those that wait, of each: its words, when it is tried next, '' or how often it failed, with what status and why;
--     then of each of the latest attempts: its ms, and its words }
-- COST  5 + 1 per delivery that waits
local due, tries, counts, latest = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now_arg, limit = take(2)
local now = now_from(now_arg)

local flat = redis.call('HGETALL', counts)
local reply = { 'listed', now.digits, digits(redis.call('ZCARD', due)), digits(#flat) }
for at = 1, #flat do reply[#reply + 1] = flat[at] end
local waiting = redis.call('ZRANGE', due, 0, limit - 1, 'WITHSCORES')
reply[#reply + 1] = digits(#waiting / 2)
for at = 1, #waiting, 2 do
  local id = string.match(waiting[at], '^%d+ (%S+)')
  reply[#reply + 1] = waiting[at]
  reply[#reply + 1] = digits(tonumber(waiting[at + 1]))
  reply[#reply + 1] = redis.call('HGET', tries, id) or ''
end
local ended = redis.call('ZRANGE', latest, 0, limit - 1, 'REV', 'WITHSCORES')
for at = 1, #ended, 2 do
  reply[#reply + 1] = digits(tonumber(ended[at + 1]))
  reply[#reply + 1] = ended[at]
end
return reply
