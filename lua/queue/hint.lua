-- queue/hint: hand on a hint that its taker cannot use.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
-- DERIVES queue:<name> hints:<queue>
-- ARGV
--   1  queue      text    its name
-- REPLY
--   { 'hinted' }
--   { 'refused', 'schema_too_new', '' }
-- COST  4
local queue = take()

if shard_state() then return refused('schema_too_new') end
hint(queue, 1)
write_batch()
return { 'hinted' }
