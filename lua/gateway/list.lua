-- gateway/list: the gateways that were seen lately, each with what it last said of itself.
--
-- CLASS  read
-- KEYS
--   1  meta      hash    the first shard of the namespace
--   2  gateways  zset    gateways by the ms they were last seen
-- DERIVES gateway:<id>
-- ARGV
--   1  now_ms    int     '' in production: the server's clock decides
-- REPLY
--   { 'listed', now_ms, then of each, the one that was seen last first: id, when it was seen, how many words, field and value
--     of its report in turn }
-- COST  2 + 1 per gateway
local gateways = KEYS[2]
local now = now_from(take())

local reply = { 'listed', now.digits }
local seen = redis.call('ZRANGE', gateways, 0, GATEWAYS_MAX - 1, 'REV', 'WITHSCORES')
for at = 1, #seen, 2 do
  local flat = redis.call('HGETALL', SHARD .. 'gateway:' .. seen[at])
  local size = #reply
  reply[size + 1], reply[size + 2], reply[size + 3] = seen[at], seen[at + 1], digits(#flat)
  for word = 1, #flat do reply[size + 3 + word] = flat[word] end
end
return reply
