-- schedule/list: a page of the schedules, those that are due, or one.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  schedules  zset    names, in the order of the alphabet
--   3  due        zset    names by the ms at which they are due
--   4  owned      zset    names of those that somebody owns, by the ms at which they are due
-- DERIVES schedule:<name> schedule:<name>:payload
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  which      text    'after' a name, '' for the first page; 'due', or 'owned' and
--                         due, without payloads; or 'only' one
--   3  name       text    the one before the page, or the one asked for; of those that are due, how many to pass over
--   4  limit      int     how many
-- REPLY
--   { 'listed', now_ms, how many schedules there are, when the first of those that are asked for is due, or '',
--     then of each: name, how many words, field and value in turn; no words of one that is due and has no record }
-- COST  4 + 2 per schedule, and a step per one that is passed over
local schedules, waiting = KEYS[2], { due = KEYS[3], owned = KEYS[4] }
local now_arg, which, name, limit = take(4)
local now = now_from(now_arg)

local function asked_for()
  if waiting[which] then return redis.call('ZRANGE', waiting[which], '-inf', now.digits, 'BYSCORE', 'LIMIT', name, limit) end
  if which == 'only' then return { name } end
  return redis.call('ZRANGE', schedules, name == '' and '-' or '(' .. name, '+', 'BYLEX', 'LIMIT', 0, limit)
end

local reply, values = { 'listed', now.digits, digits(redis.call('ZCARD', schedules)), '' }, { 'payload' }
if waiting[which] then
  values = {}
  reply[4] = redis.call('ZRANGE', waiting[which], 0, 0, 'WITHSCORES')[2] or ''
end
for _, found in ipairs(asked_for()) do
  local key = SHARD .. 'schedule:' .. found
  local flat = redis.call('HGETALL', key)
  if #flat > 0 or waiting[which] then
    reply[#reply + 1] = found
    answer_row(reply, key, flat, values)
  end
end
return reply
