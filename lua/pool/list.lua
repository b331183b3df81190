-- pool/list: a page of the pools, or one, with what their supervisors reported.
--
-- CLASS  read
-- KEYS
--   1  meta    hash    the first shard of the namespace
--   2  pools   zset    pools by the ms they came
-- DERIVES pool:<name> pool:<name>:supervisors supervisor:<id>
-- ARGV
--   1  now_ms  int     '' in production: the server's clock decides
--   2  first   int     rank of the first pool of the page
--   3  limit   int     how many pools
--   4  only    text    the one pool asked for, or ''
-- REPLY
--   { 'listed', now_ms, how many pools there are, then of each: name, how many words, field and value of its record in turn,
--     how many supervisors, of each: id, end of its lease, how many words, field and value of its report in turn }
-- COST  3 + 2 per pool, 1 per supervisor
local pools = KEYS[2]
local now_arg, first, limit, only = take(4)
local now = now_from(now_arg)

local function asked_for()
  if only == '' then return redis.call('ZRANGE', pools, first, first + limit - 1) end
  return redis.call('ZSCORE', pools, only) and { only } or {}
end

local reply = { 'listed', now.digits, digits(redis.call('ZCARD', pools)) }
local function answer(flat)
  reply[#reply + 1] = digits(#flat)
  for at = 1, #flat do reply[#reply + 1] = flat[at] end
end
for _, pool in ipairs(asked_for()) do
  local key = SHARD .. 'pool:' .. pool
  reply[#reply + 1] = pool
  answer(redis.call('HGETALL', key))
  -- The living first, should there be more than can be shown.
  local supervisors = redis.call('ZRANGE', key .. ':supervisors', 0, POOL_SUPERVISORS_MAX - 1, 'REV', 'WITHSCORES')
  reply[#reply + 1] = digits(#supervisors / 2)
  for at = 1, #supervisors, 2 do
    reply[#reply + 1], reply[#reply + 2] = supervisors[at], supervisors[at + 1]
    answer(redis.call('HGETALL', SHARD .. 'supervisor:' .. supervisors[at]))
  end
end
return reply
