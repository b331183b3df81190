-- pool/set: say how many workers a pool is to have, and whether it is to run. Its supervisors follow within a second or two.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta     hash    the first shard of the namespace
--   2  events   stream
--   3  pools    zset    pools by the ms they came
--   4  pool     hash    the pool's record
-- ARGV
--   1  now_ms   int     '' in production: the server's clock decides
--   2  pool     text    its name
--   3  desired  int     how many workers; '' leaves it as it is
--   4  running  text    '1' to run, and to begin anew what gave up; '0' to stop; '' leaves it as it is
--   5  by       text    who says so
-- REPLY
--   { 'set', '1' if the pool is new }
--   { 'refused', 'schema_too_new' | 'unknown_pool', '' }
-- COST  8
local pools, pool_key = KEYS[3], KEYS[4]
local now_arg, pool, desired, running, by = take(5)
local now, who = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end
local stands = redis.call('HMGET', pool_key, 'desired', 'running')
local is_new = not stands[1]
if is_new and desired == '' then return refused('unknown_pool') end

local fields = { 'changed_ms', now.digits, 'changed_by', by }
local function set(field, value) fields[#fields + 1], fields[#fields + 2] = field, value end
if is_new then
  redis.call('ZADD', pools, 'NX', now.digits, pool)
  set('created_ms', now.digits)
  set('generation', '0')
  set('running', running == '0' and '' or '1')
end
if desired ~= '' then
  set('desired', desired)
  tell('scale', who, 'pool', pool .. ' ' .. desired)
end
if not is_new and running == '0' then
  set('running', '')
  tell('halt', who, 'pool', pool)
elseif not is_new and running == '1' then
  set('running', '1')
  tell('start', who, 'pool', pool)
end
redis.call('HSET', pool_key, unpack(fields))
-- Whoever gave up begins anew with each generation.
if not is_new and running == '1' then redis.call('HINCRBY', pool_key, 'generation', 1) end
redis.call('HDEL', pool_key, 'configured')
write_batch()
return { 'set', is_new and '1' or '' }
