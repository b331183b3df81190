-- operation/cancel: call an operation off. The piece that is under way is finished; what was done stays done.
--
-- CLASS  drain
-- KEYS
--   1  meta       hash   the first shard of the namespace
--   2  operation  hash   its record
-- ARGV
--   1  now_ms     int    '' in production: the server's clock decides
--   2  by         text   who says so
-- REPLY
--   { 'cancelling' }   from now on, or already; or it was cancelled
--   { 'refused', 'schema_too_new' | 'unknown_operation', '' }
--   { 'refused', 'conflict', 'ended' if it came to its end before }
-- COST  3
local key = KEYS[2]
local now_arg, by = take(2)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end
local state = redis.call('HGET', key, 'state')
if not state then return refused('unknown_operation') end
if state == 'ended' then return refused('conflict', 'ended') end
if state ~= 'running' then return { 'cancelling' } end

redis.call('HSET', key, 'state', 'cancelling', 'cancelled_by', by, 'changed_ms', now.digits)
return { 'cancelling' }
