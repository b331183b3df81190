-- namespace/import: say that a namespace, or one of its shards, is being made of an export, or that it is whole.
--
-- CLASS  grow
-- KEYS
--   1  meta       hash    the namespace or the shard
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  step       text    begin | over, which takes the place of an import that came to nothing | end
--   3  import     text    the name of this import
--   4  shards     int     how many the namespace has
--   5  store_id   text    what to call it, where it has no name yet
-- REPLY
--   { 'begun', store_id }
--   { 'whole' }
--   { 'refused', 'conflict', the import that is at it, '' if none is }
-- COST  5
local now_arg, step, import, shards, store_id = take(5)
local now = now_from(now_arg)
local found = redis.call('HMGET', META, 'importing', 'schema', 'store_id', 'created_ms', 'epoch')
local at_it = found[1] or ''

if step == 'end' then
  -- Asked once more: it is whole.
  if at_it == '' and found[2] == digits(SCHEMA) then return { 'whole' } end
  if at_it ~= import then return refused('conflict', at_it) end
  redis.call('HDEL', META, 'importing', 'imported', 'doubled')
  redis.call('HSET', META, 'schema', SCHEMA)
  return { 'whole' }
end
if step == 'begin' and at_it ~= '' and at_it ~= import then return refused('conflict', at_it) end
-- An import that was given up leaves nothing of its own here.
if step == 'over' and at_it ~= import then redis.call('DEL', META) end
redis.call('HSET', META, 'schema', SCHEMA_IMPORTING, 'importing', import, 'shards', shards,
  'store_id', found[3] or store_id, 'created_ms', found[4] or now.digits)
-- Shards have none.
if not string.find(META, '}:meta$') then redis.call('HSET', META, 'epoch', found[5] or 1) end
return { 'begun', found[3] or store_id }
