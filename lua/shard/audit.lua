-- shard/audit: the counters of the queues against what they count, at one moment.
--
-- CLASS  read
-- USES   audit
-- KEYS
--   1  meta       hash    the shard
--   2  leases     zset    holders and their deadlines
--   3  workers    zset    workers by registration
--   4  scheduled  zset    due times
--   5  queues     zset    queues that exist
-- DERIVES task:<id> worker:<id> held:<worker>:<boot> queue:<name> queue:<name>:groups
-- ARGV
--   1  limit      int     how many tasks, holders and queues it looks at, at most
-- REPLY
--   { 'counted', of each count that differs: queue, which one (running, scheduled, or group and its
--     name), what is said, how many there are }
--   { 'too_many', how many tasks, holders and queues there are }
-- COST  1 per task that runs or is scheduled, 2 per holder and worker, 3 per queue
local leases, workers, scheduled, queues = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local limit = tonumber((take()))

local size = redis.call('ZCARD', queues)
if size > limit then return { 'too_many', digits(size) } end
local counted, total = count_anew(leases, workers, scheduled, limit - size)
if not counted then return { 'too_many', digits(size + total) } end
local reply = { 'counted' }
for _, queue in ipairs(redis.call('ZRANGE', queues, 0, -1)) do
  differing(queue, counted, function(key, field, said, there)
    local what = field
    if string.sub(key, -7) == ':groups' and key ~= queue_key(queue) then what = 'group ' .. field end
    local at = #reply
    reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = queue, what, said, digits(there)
  end)
end
return reply
