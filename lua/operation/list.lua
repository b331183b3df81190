-- operation/list: a page of the operations, the latest first, or one with what it is about to do.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta        hash   the first shard of the namespace
--   2  operations  zset   ids, in the order in which they began
-- DERIVES operation:<id> operation:<id>:ids operation:<id>:piece
-- ARGV
--   1  which       text   'before' an id, '' for the first page; or 'only' one
--   2  id          text   the one before the page, or the one asked for
--   3  limit       int    how many
-- REPLY
--   { 'listed', how many there are, then of each: id, how many words, field and value in turn }
-- COST  2 + 1 per operation
local operations = KEYS[2]
local which, id, limit = take(3)

local ids, values = { id }, { 'ids', 'piece' }
if which == 'before' then
  ids, values = redis.call('ZRANGE', operations, id == '' and '+' or '(' .. id, '-', 'BYLEX', 'REV', 'LIMIT', 0, limit), {}
end
local reply = { 'listed', digits(redis.call('ZCARD', operations)) }
for _, found in ipairs(ids) do
  local key = SHARD .. 'operation:' .. found
  local flat = redis.call('HGETALL', key)
  if #flat > 0 then
    reply[#reply + 1] = found
    answer_row(reply, key, flat, values)
  end
end
return reply
