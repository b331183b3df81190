-- error/list: groups of failures, those that were seen last first, or one of them.
--
-- CLASS  read
-- KEYS
--   1  meta    hash    the shard
--   2  errors  zset    groups, by the ms they were last seen
-- DERIVES error:<fingerprint> error:<fingerprint>:workers
-- ARGV
--   1  first   int     rank of the first group of the page, from the last one seen
--   2  limit   int     how many
--   3  only    text    the fingerprint of the one that is asked for, or ''
-- REPLY
--   { 'listed', how many groups there are, then of each: fingerprint, how many words, field and value in turn;
--     how many words, worker and number in turn }
-- COST  2 + 2 per group, and their fields
local errors = KEYS[2]
local first, limit, only = take(3)

local names = only ~= '' and { only } or redis.call('ZRANGE', errors, first, first + limit - 1, 'REV')
local reply = { 'listed', digits(redis.call('ZCARD', errors)) }
for _, name in ipairs(names) do
  local flat = redis.call('HGETALL', SHARD .. 'error:' .. name)
  -- One that nobody saw for long has expired, and leaves the list when another one enters it.
  if #flat > 0 then
    reply[#reply + 1] = name
    for _, part in ipairs({ flat, redis.call('HGETALL', SHARD .. 'error:' .. name .. ':workers') }) do
      reply[#reply + 1] = digits(#part)
      for _, word in ipairs(part) do reply[#reply + 1] = word end
    end
  end
end
return reply
