-- kind/remove: forget what is said of a kind. Tasks that have it already keep what they got from it.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  kinds      zset    kinds of which something is said, in the order of the alphabet
--   4  kind       hash    what is said of it
-- ARGV
--   1  kind       text
--   2  by         text    who says so
--   3  version    int     up to which it is forgotten
-- REPLY
--   { 'removed' }
--   { 'stale', version }   it has a later one
--   { 'refused', 'schema_too_new' | 'unknown_kind', '' }
-- COST  6
local kinds, key = KEYS[3], KEYS[4]
local kind, by, version = take(3)

if shard_state() then return refused('schema_too_new') end
local row = read(key)
if not row then return refused('unknown_kind') end
if tonumber(row.version) > tonumber(version) then return { 'stale', row.version } end
redis.call('UNLINK', key)
redis.call('ZREM', kinds, kind)
tell('kind_remove', actor('', '', by), 'kind', kind)
write_batch()
return { 'removed' }
