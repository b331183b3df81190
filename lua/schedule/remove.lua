-- schedule/remove: forget a schedule. The tasks that it made stay.
--
-- CLASS  drain
-- USES   lifecycle batch groups move schedule
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  schedules  zset    names, in the order of the alphabet
--   4  due        zset    names by the ms at which they are due
--   5  schedule   hash    its record
--   6  owned      zset    names of those that somebody owns, by the ms at which they are due
-- DERIVES schedule:<name>:payload
-- ARGV
--   1  name       text
--   2  by         text    who says so
--   3  version    int     that it has; '' for any
-- REPLY
--   { 'removed' }
--   { 'stale', version }
--   { 'refused', 'schema_too_new' | 'unknown_schedule', '' }
-- COST  8
local schedules, due, key, owned = KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local name, by, version = take(3)

if shard_state() then return refused('schema_too_new') end
local row = read(key)
if not row then return refused('unknown_schedule') end
if version ~= '' and row.version ~= version then return { 'stale', row.version } end
redis.call('UNLINK', key, key .. ':payload')
redis.call('ZREM', schedules, name)
wait_no_more(due, owned, name)
tell_schedule('remove', actor('', '', by), name, row)
write_batch()
return { 'removed' }
