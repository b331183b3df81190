-- worker/number: hand out the next number for the id of a worker; none is handed out twice.
--
-- CLASS  drain
-- KEYS
--   1  meta       hash    the first shard of the namespace
-- ARGV
-- REPLY
--   { 'numbered', the number }
--   { 'refused', 'schema_too_new', '' }
-- COST  2

-- Drains although it writes: a worker that is started while Redis is full comes to make room.
if shard_state() then return refused('schema_too_new') end
return { 'numbered', digits(redis.call('HINCRBY', META, 'workers_numbered', 1)) }
