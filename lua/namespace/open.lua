-- namespace/open: found a namespace, or meet the one that is there.
--
-- CLASS  drain
-- KEYS
--   1  meta       hash    the namespace
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  shards     int     how many shards to found it with; fixed from then on
--   3  store_id   text    what to call it, drawn by the caller
-- REPLY
--   { 'opened', schema, shards, store_id }   as they stand
-- COST  4
local now_arg, shards, store_id = take(3)
local now = now_from(now_arg)

-- Drains although it writes new data: a process that is started while Redis is full must open what is there.
if redis.call('EXISTS', META) == 0 then
  redis.call('HSET', META, 'schema', SCHEMA, 'shards', shards, 'store_id', store_id, 'epoch', 1,
    'created_ms', now.digits)
end
return { 'opened', unpack(redis.call('HMGET', META, 'schema', 'shards', 'store_id')) }
