-- trail/list: a page of what operators did, the latest first.
--
-- CLASS  read
-- KEYS
--   1  meta    hash    the first shard of the namespace
--   2  trail   stream  what operators did
-- ARGV
--   1  before  text    the id at which the last page ended; '' for the first page
--   2  limit   int     how many
-- REPLY
--   { 'listed', then of each: id, how many words, field and value in turn }
-- COST  1
local trail = KEYS[2]
local before, limit = take(2)

local reply = { 'listed' }
for _, entry in ipairs(redis.call('XREVRANGE', trail, before == '' and '+' or '(' .. before, '-', 'COUNT', limit)) do
  reply[#reply + 1] = entry[1]
  reply[#reply + 1] = digits(#entry[2])
  for _, word in ipairs(entry[2]) do reply[#reply + 1] = word end
end
return reply
