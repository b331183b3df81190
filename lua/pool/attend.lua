-- pool/attend: the heartbeat of a supervisor: its report goes on record, and it hears what its pool is to be and who attends.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta         hash    the first shard of the namespace
--   2  events       stream
--   3  pools        zset    pools by the ms they came
--   4  pool         hash    the pool's record
--   5  supervisors  zset    supervisors of the pool by the end of their lease
--   6  supervisor   hash    the report of the caller
-- DERIVES supervisor:<id>
-- ARGV
--   1  now_ms       int     '' in production: the server's clock decides
--   2  pool         text    its name
--   3  supervisor   text    the caller's id
--   4  first        text    '1': it begins
--   5  count        int     the size that its configuration gives a pool that nobody has set
--   6  running      text    '1': such a pool runs from the beginning
--   7  fields       int     how many pairs of the report follow
-- REPLY
--   { 'heard', now_ms, desired, '1' if it is to run, generation, then of each that attends: id, joined_ms, most,
--     machine, pid, pid_start }
--   { 'refused', 'schema_too_new' | 'conflict', '' }
-- COST  18 + 1 per supervisor; 1 UNLINK per one that is forgotten, 1 ZADD per one whose lease lies too far ahead
local pools, pool_key, supervisors, own = KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now_arg, pool, supervisor, first, count, running, field_count = take(7)
local now, fields = now_from(now_arg), { take(2 * field_count) }

if shard_state() then return refused('schema_too_new') end
local stands = redis.call('HMGET', pool_key, 'desired', 'running', 'generation', 'configured')
local desired, runs, generation, configured = stands[1], stands[2], stands[3], stands[4]
local joined = redis.call('HGET', own, 'joined_ms')
if not joined and redis.call('ZCOUNT', supervisors, now.digits, '+inf') >= POOL_SUPERVISORS_MAX then
  return refused('conflict')
end

-- A pool is as it is configured until somebody sets it by hand.
if not desired then
  desired, runs, generation = count, running, '0'
  redis.call('ZADD', pools, 'NX', now.digits, pool)
  redis.call('HSET', pool_key, 'desired', desired, 'running', runs, 'generation', generation, 'configured', '1',
    'created_ms', now.digits)
  tell('scale', NOBODY, 'pool', pool .. ' ' .. desired)
elseif first == '1' and configured == '1' and (desired ~= count or runs ~= running) then
  desired, runs = count, running
  redis.call('HSET', pool_key, 'desired', desired, 'running', runs, 'changed_ms', now.digits)
  tell('scale', NOBODY, 'pool', pool .. ' ' .. desired)
end

local forgotten = redis.call('ZRANGE', supervisors, '-inf', digits(now.ms - SUPERVISOR_RETENTION_MS), 'BYSCORE',
  'LIMIT', 0, 16)
for _, id in ipairs(forgotten) do
  if id ~= supervisor then
    redis.call('UNLINK', SHARD .. 'supervisor:' .. id)
    leave(supervisors, id)
  end
end
fields[#fields + 1], fields[#fields + 2] = 'pool', pool
fields[#fields + 1], fields[#fields + 2] = 'seen_ms', now.digits
fields[#fields + 1], fields[#fields + 2] = 'joined_ms', joined or now.digits
redis.call('HSET', own, unpack(fields))
if not joined then tell('attend', NOBODY, 'pool', pool .. ' ' .. supervisor) end
enter(supervisors, digits(now.ms + SUPERVISOR_LEASE_MS), supervisor)
write_batch()

-- A clock that went back left leases that would never end.
local latest = digits(now.ms + SUPERVISOR_LEASE_MS)
local ahead = redis.call('ZRANGE', supervisors, '(' .. latest, '+inf', 'BYSCORE', 'LIMIT', 0, 16)
for _, id in ipairs(ahead) do redis.call('ZADD', supervisors, 'XX', latest, id) end

local reply = { 'heard', now.digits, desired, runs, generation }
local attending = redis.call('ZRANGE', supervisors, '(' .. now.digits, '+inf', 'BYSCORE', 'LIMIT', 0, POOL_SUPERVISORS_MAX)
for _, id in ipairs(attending) do
  local seen = redis.call('HMGET', SHARD .. 'supervisor:' .. id, 'joined_ms', 'most', 'machine', 'pid', 'pid_start')
  reply[#reply + 1] = id
  for at = 1, 5 do reply[#reply + 1] = seen[at] or '' end
end
return reply
