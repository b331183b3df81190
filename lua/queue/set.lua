-- queue/set: change what a queue allows and how long it keeps what has ended.
--
-- CLASS  drain
-- USES   batch groups
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  queues     zset    queues that exist
--   4  queue      hash    the queue's record
-- DERIVES queue:<name>:pending queue:<name>:waiting queue:<name>:turns queue:<name>:starts queue:<name>:groups
--         hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  queue      text    its name
--   3  by         text    who says so
--   4  version    text    the version that must stand, or ''
--   5  settings   int     how many settings; then of each: its name, and what it is to be, '' for none
-- REPLY
--   { 'set', version }
--   { 'refused', 'schema_too_new', '' }
--   { 'stale', version that stands }
-- COST  18 + 1 per setting; 1 command for the hints, 3 where there are none
local queues, record = KEYS[3], KEYS[4]
local now_arg, queue, by, version, size = take(5)
local now, words = now_from(now_arg), {}

if shard_state() then return refused('schema_too_new') end
local before = redis.call('HMGET', record, 'version', 'group_concurrency')
local stands, changes = before[1] or '0', {}
for _ = 1, size do
  local field, value = take(2)
  if (redis.call('HGET', record, field) or '') ~= value then changes[#changes + 1] = { field, value } end
end
-- A repeat finds everything as it should be, and another version by its own doing.
if #changes == 0 then return { 'set', stands } end
if version ~= '' and version ~= stands then return { 'stale', stands } end
for at, change in ipairs(changes) do
  words[at] = change[1] .. '=' .. change[2]
  if change[2] == '' then redis.call('HDEL', record, change[1]) else redis.call('HSET', record, change[1], change[2]) end
end

local set = redis.call('HMGET', record, 'fair', 'rate_count', 'group_concurrency')
if set[1] or set[3] then redis.call('HSET', META, 'ruled', '1') end
RULED = RULED or set[1] or set[3]
-- Turns begin where the clock is, so that all who wait already come first.
if set[1] then redis.call('HSETNX', record, 'turn', now.digits)
else
  redis.call('HDEL', record, 'turn')
  redis.call('UNLINK', record .. ':turns')
end
if not set[2] then
  redis.call('HDEL', record, 'started')
  redis.call('UNLINK', record .. ':starts')
end
if set[3] ~= before[2] and redis.call('EXISTS', record .. ':waiting') == 1 then redis.call('HSET', record, 'regroup', '') end
mark_limited(queue)

redis.call('ZADD', queues, 'NX', now.digits, queue)
local after = redis.call('HINCRBY', record, 'version', 1)
hint(queue, HINTS_MAX)
tell('queue_set', actor('', '', by), 'queue', queue .. ' ' .. table.concat(words, ' '))
write_batch()
return { 'set', digits(after) }
