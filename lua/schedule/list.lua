-- schedule/list: a page of the schedules, those that are due, or one.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  schedules  zset    names, in the order of the alphabet
--   3  due        zset    names by the ms at which they are due
-- DERIVES schedule:<name> schedule:<name>:payload
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  which      text    'after' a name, '' for the first page; 'due', without payloads; or 'only' one
--   3  name       text    the one before the page, or the one asked for
--   4  limit      int     how many
-- REPLY
--   { 'listed', now_ms, how many schedules there are, then of each: name, how many words, field and value in turn }
-- COST  3 + 2 per schedule
local schedules, due = KEYS[2], KEYS[3]
local now_arg, which, name, limit = take(4)
local now = now_from(now_arg)

local function asked_for()
  if which == 'due' then return redis.call('ZRANGE', due, '-inf', now.digits, 'BYSCORE', 'LIMIT', 0, limit) end
  if which == 'only' then return { name } end
  return redis.call('ZRANGE', schedules, name == '' and '-' or '(' .. name, '+', 'BYLEX', 'LIMIT', 0, limit)
end

local reply, values = { 'listed', now.digits, digits(redis.call('ZCARD', schedules)) }, { 'payload' }
if which == 'due' then values = {} end
for _, found in ipairs(asked_for()) do
  local key = SHARD .. 'schedule:' .. found
  local flat = redis.call('HGETALL', key)
  if #flat > 0 then
    reply[#reply + 1] = found
    answer_row(reply, key, flat, values)
  end
end
return reply
