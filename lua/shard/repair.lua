-- shard/repair: mends what an audit found, if it still is so: an entry of an index that names nothing, a lease that is
-- nobody's, the counters of a queue. Nothing else can be mended without a guess.
--
-- CLASS  drain
-- USES   batch audit
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  leases     zset    holders and their deadlines
--   4  workers    zset    workers by registration
--   5  scheduled  zset    due times
-- DERIVES task:<id> worker:<id> held:<worker>:<boot> queue:<name> queue:<name>:<status> queue:<name>:groups
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  by         text    who wants it
--   3  what       text    'entry' 'lease' 'counters'
--   4  name       text    the index behind the prefix of the shard; the holder; the queue
--   5  member     text    the entry; else ''
--   6  limit      int     how many tasks and holders are counted at most
-- REPLY
--   { 'repaired' }
--   { 'sound' }                 it is not so any more
--   { 'too_many', how many }    more than may be counted at once
--   { 'refused', 'schema_too_new', '' }
-- COST  5; counters: 1 per task that runs or is scheduled, 2 per holder, 3 and 2 per count that differs
local leases, workers, scheduled = KEYS[3], KEYS[4], KEYS[5]
local now_arg, by, what, name, member, limit = take(6)

now_from(now_arg)
if shard_state() then return refused('schema_too_new') end

local function note(text) tell('repair', actor('', '', by), 'repair', what .. ' ' .. name .. (text and ' ' .. text or '')) end

-- Only what names no task at all: of one that exists it cannot be said which of its two places is right.
local function mend_entry()
  local index = SHARD .. name
  if redis.call('EXISTS', task_key(string.match(member, '%S+$'))) == 1 or not redis.call('ZSCORE', index, member) then
    return { 'sound' }
  end
  redis.call('ZREM', index, member)
  note(member)
  return { 'repaired' }
end

-- Whose boot is past and who holds nothing has no use for a lease.
local function mend_lease()
  local worker, boot = string.match(name, '^([^:]*):([^:]*)$')
  local stands = worker and redis.call('ZSCORE', leases, name)
  if not stands or redis.call('HGET', SHARD .. 'worker:' .. worker, 'boot') == boot then return { 'sound' } end
  if redis.call('EXISTS', SHARD .. 'held:' .. name) == 1 then return { 'sound' } end
  redis.call('ZREM', leases, name)
  note()
  return { 'repaired' }
end

local function mend_counters()
  local counted, total = count_anew(leases, workers, scheduled, tonumber(limit))
  if not counted then return { 'too_many', digits(total) } end
  local wrong = {}
  differing(name, counted, function(key, field, _, there) wrong[#wrong + 1] = { key, field, there } end)
  if #wrong == 0 then return { 'sound' } end
  local words = {}
  for _, one in ipairs(wrong) do
    if one[3] == 0 then redis.call('HDEL', one[1], one[2]) else redis.call('HSET', one[1], one[2], digits(one[3])) end
    words[#words + 1] = one[2] .. '=' .. digits(one[3])
  end
  note(table.concat(words, ' '))
  return { 'repaired' }
end

local mend = { entry = mend_entry, lease = mend_lease, counters = mend_counters }
local reply = mend[what]()
write_batch()
return reply
