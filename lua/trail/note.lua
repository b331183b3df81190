-- trail/note: note what an operator did.
--
-- CLASS  drain
-- USES   trail
-- KEYS
--   1  meta    hash    the first shard of the namespace
--   2  trail   stream  what operators did
-- ARGV
--   1  fields  int     how many pairs of the record follow
-- REPLY
--   { 'noted' }
--   { 'refused', 'schema_too_new', '' }
-- COST  2
local trail = KEYS[2]
local count = take()
local fields = { take(2 * count) }

if shard_state() then return refused('schema_too_new') end

note_trail(trail, fields)
return { 'noted' }
