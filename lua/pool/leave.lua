-- pool/leave: a supervisor attends no more; what it did is shared out among the others.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta         hash    the first shard of the namespace
--   2  events       stream
--   3  supervisors  zset    supervisors of the pool by the end of their lease
--   4  supervisor   hash    its report
-- ARGV
--   1  pool         text    its name
--   2  supervisor   text    the one that leaves
-- REPLY
--   { 'left', '1' if it attended }
--   { 'refused', 'schema_too_new', '' }
-- COST  6
local supervisors, report = KEYS[3], KEYS[4]
local pool, supervisor = take(2)

if shard_state() then return refused('schema_too_new') end
if redis.call('ZREM', supervisors, supervisor) == 0 then return { 'left', '' } end
redis.call('UNLINK', report)
tell('part', NOBODY, 'pool', pool .. ' ' .. supervisor)
write_batch()
return { 'left', '1' }
