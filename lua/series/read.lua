-- series/read: what happened in each of a row of buckets, in all queues together or in one of them.
--
-- CLASS  read
-- KEYS
--   1  meta        hash    the shard
-- DERIVES series:<resolution>:<ms> series:<resolution>:<ms>:<queue>
-- ARGV
--   1  resolution  text    '10s', '5m' or '1h'
--   2  step_ms     int     how long a bucket is
--   3  first_ms    int     the beginning of the first one
--   4  buckets     int     how many
--   5  queue       text    a queue, '*' for those that share a series, or '' for all together
--   6  counts      flag    '1' leaves out what is measured
-- REPLY
--   { 'read', then of each bucket in which something happened: its ms, how many words, field and value in turn }
-- COST  1 per bucket, and its fields
local resolution, step_ms, first_ms, buckets, queue, counts = take(6)
local tail = queue ~= '' and ':' .. queue or ''

local COUNTERS = { 'submitted', 'started', 'completed', 'failed', 'timeout', 'cancelled', 'retried', 'crashed' }
local function counted(key)
  local flat = {}
  local values = redis.call('HMGET', key, unpack(COUNTERS))
  for at, name in ipairs(COUNTERS) do
    if values[at] then flat[#flat + 1], flat[#flat + 2] = name, values[at] end
  end
  return flat
end

local reply = { 'read' }
for at = 0, buckets - 1 do
  local ms = digits(first_ms + at * step_ms)
  local key = SHARD .. 'series:' .. resolution .. ':' .. ms .. tail
  local flat = counts == '1' and counted(key) or redis.call('HGETALL', key)
  if #flat > 0 then
    reply[#reply + 1], reply[#reply + 2] = ms, digits(#flat)
    for _, word in ipairs(flat) do reply[#reply + 1] = word end
  end
end
return reply
