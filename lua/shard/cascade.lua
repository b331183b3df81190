-- shard/cascade: a bounded piece of what ends and whole flows still have to pass on, whoever calls.
--
-- CLASS  drain
-- USES   lifecycle batch groups move endings edges create rerun flow cascade
-- KEYS
--   1  meta      hash    the shard
--   2  events    stream
--   3  cascades  zset    tasks whose end is not passed on yet, and flows that are worked on, by ms
--   4  drafts    zset    drafts by the ms at which they are given up
-- DERIVES task:<id> task:<id>:reason task:<id>:history task:<id>:waiting task:<id>:parked task:<id>:payload task:<id>:tags
--         task:<id>:result task:<id>:error task:<id>:parents task:<id>:children held:<worker>:<boot> queue:<name>
--         queue:<name>:<status> queue:<name>:key:<key> flow:<id> flow:<id>:tasks flow:<id>:key:<key> op:<id> scheduled
--         queues hints:<queue>
-- ARGV
--   1  now_ms    int     '' in production: the server's clock decides
-- REPLY
--   { 'cascaded', '1' if some is left }
--   { 'refused', 'schema_too_new', '' }
-- COST  6 + 3 per end or flow looked at, 2 per edge counted down, 6 per task moved, up to a weight that is a limit; 1 ZREM,
--       ZADD, XADD per index and end
local cascades, drafts = KEYS[3], KEYS[4]
local now = now_from((take()))

if shard_state() then return refused('schema_too_new') end

-- While somebody says that he is at it, ticks do not ask others to join.
redis.call('HSET', META, 'cascaded_ms', now.digits)
local room = { left = CASCADE_ROOM }
local entries = redis.call('ZRANGE', cascades, 0, CASCADE_ENTRIES_MAX - 1, 'WITHSCORES')
for at = 1, #entries, 2 do
  if room.left <= 0 then break end
  room.left = room.left - 1
  -- An end that goes down a chain is as old as its beginning: who waits for older ends waits for all of it.
  ENDED.since = entries[at + 1]
  pass_entry(cascades, entries[at], room, now)
  -- What one end moved, the next may move again.
  write_batch()
end
if room.left > 0 then give_up_draft(drafts, room, now) end

local left = redis.call('EXISTS', cascades) == 1
  or #redis.call('ZRANGE', drafts, '-inf', now.digits, 'BYSCORE', 'LIMIT', 0, 1) > 0
if not left then redis.call('HDEL', META, 'cascaded_ms') end
return { 'cascaded', left and '1' or '' }
