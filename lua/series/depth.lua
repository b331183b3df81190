-- series/depth: how deep a queue was in each of a row of buckets, and when it was last looked at.
--
-- CLASS  read
-- KEYS
--   1  meta        hash    the shard
-- DERIVES depths series:<resolution>:<ms>:<queue>
-- ARGV
--   1  resolution  text    '10s', '5m' or '1h'
--   2  step_ms     int     how long a bucket is
--   3  first_ms    int     the beginning of the first one
--   4  buckets     int     how many
--   5  queue       text
-- REPLY
--   { 'read', the last look: its ms and what it saw, or '',
--     then of each bucket in which somebody looked: its ms, what was seen last in it, what was seen before it, or '' }
--   What was seen is how many tasks were scheduled, blocked, pending and running.
-- COST  1, and 1 per bucket
local resolution, step_ms, first_ms, buckets, queue = take(5)

local STATUSES = { 'scheduled', 'blocked', 'pending', 'running' }
local names = {}
for at, name in ipairs(STATUSES) do names[at], names[at + #STATUSES] = name, 'before:' .. name end
local function seen(values, from)
  return values[from] and table.concat(values, ' ', from, from + #STATUSES - 1) or ''
end

local reply = { 'read', redis.call('HGET', SHARD .. 'depths', queue) or '' }
for at = 0, buckets - 1 do
  local ms = digits(first_ms + at * step_ms)
  local values = redis.call('HMGET', SHARD .. 'series:' .. resolution .. ':' .. ms .. ':' .. queue, unpack(names))
  if values[1] then
    for _, word in ipairs({ ms, seen(values, 1), seen(values, 1 + #STATUSES) }) do reply[#reply + 1] = word end
  end
end
return reply
