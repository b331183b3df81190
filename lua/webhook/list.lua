-- webhook/list: the webhooks that there are, or one.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the first shard of the namespace
--   2  webhooks   zset    names, in the order of the alphabet
-- DERIVES webhook:<name>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  only       text    the one asked for; '' for all
-- REPLY
--   { 'listed', now_ms, then of each: name, how many words, field and value in turn }
-- COST  2 + 1 per webhook
local webhooks = KEYS[2]
local now_arg, only = take(2)
local now = now_from(now_arg)

local reply = { 'listed', now.digits }
local names = only ~= '' and { only } or redis.call('ZRANGE', webhooks, 0, WEBHOOKS_MAX - 1)
for _, name in ipairs(names) do
  local flat = redis.call('HGETALL', SHARD .. 'webhook:' .. name)
  if #flat > 0 then
    reply[#reply + 1], reply[#reply + 2] = name, digits(#flat)
    for at = 1, #flat do reply[#reply + 1] = flat[at] end
  end
end
return reply
