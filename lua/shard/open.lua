-- shard/open: found a shard, or meet the one that is there; every process does this before it works with it.
--
-- CLASS  drain
-- KEYS
--   1  meta       hash    the shard
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  shards     int     how many shards the namespace has
--   3  store_id   text    of the namespace
-- REPLY
--   { 'opened', schema, shards, store_id }   as they stand in the shard
-- COST  4
local now_arg, shards, store_id = take(3)
local now = now_from(now_arg)

-- Drains although it writes new data: a process that is started while Redis is full must open what is there.
if not redis.call('HGET', META, 'schema') then
  redis.call('HSET', META, 'schema', SCHEMA, 'shards', shards, 'store_id', store_id, 'created_ms', now.digits)
end
return { 'opened', unpack(redis.call('HMGET', META, 'schema', 'shards', 'store_id')) }
