-- shard/ends: where the event stream of the shard begins and ends.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
-- ARGV
-- REPLY
--   { 'ends', how many entries, id of the first or '', id of the last or '' }
-- COST  3
local function id_of(entries) return entries[1] and entries[1][1] or '' end

return { 'ends', digits(redis.call('XLEN', EVENTS)),
  id_of(redis.call('XRANGE', EVENTS, '-', '+', 'COUNT', 1)),
  id_of(redis.call('XREVRANGE', EVENTS, '+', '-', 'COUNT', 1)) }
