-- webhook/remove: forget a webhook. What waits for it in the shards is forgotten when they hear of it.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta       hash    the first shard of the namespace
--   2  events     stream
--   3  webhooks   zset    names, in the order of the alphabet
--   4  webhook    hash    its record
-- ARGV
--   1  name       text
--   2  by         text    who says so
--   3  version    int     that it has; '' for any
-- REPLY
--   { 'removed', id }
--   { 'stale', version }
--   { 'refused', 'schema_too_new' | 'unknown_webhook', '' }
-- COST  6
local webhooks, key = KEYS[3], KEYS[4]
local name, by, version = take(3)

if shard_state() then return refused('schema_too_new') end
local row = read(key)
if not row then return refused('unknown_webhook') end
if version ~= '' and row.version ~= version then return { 'stale', row.version } end
redis.call('UNLINK', key)
redis.call('ZREM', webhooks, name)
tell('webhook_remove', actor('', '', by), 'webhook', name)
write_batch()
return { 'removed', row.id }
