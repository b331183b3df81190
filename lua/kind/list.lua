-- kind/list: a page of the kinds of which something is said, or one.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
--   2  kinds      zset    kinds of which something is said, in the order of the alphabet
-- DERIVES kind:<name>
-- ARGV
--   1  which      text    'after' a name, '' for the first page; or 'only' one
--   2  name       text    the one before the page, or the one asked for
--   3  limit      int     how many
-- REPLY
--   { 'listed', then of each: name, how many words, field and value in turn }
-- COST  1 + 1 per kind
local kinds = KEYS[2]
local which, name, limit = take(3)

local function asked_for()
  if which == 'only' then return { name } end
  return redis.call('ZRANGE', kinds, name == '' and '-' or '(' .. name, '+', 'BYLEX', 'LIMIT', 0, limit)
end

local reply = { 'listed' }
for _, found in ipairs(asked_for()) do
  local flat = redis.call('HGETALL', SHARD .. 'kind:' .. found)
  if #flat > 0 then
    reply[#reply + 1], reply[#reply + 2] = found, digits(#flat)
    for at = 1, #flat do reply[#reply + 1] = flat[at] end
  end
end
return reply
