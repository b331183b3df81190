-- schedule/put: make a schedule, or say anew what it is to be.
--
-- CLASS  grow
-- USES   lifecycle batch groups move once schedule
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  schedules  zset    names, in the order of the alphabet
--   4  due        zset    names by the ms at which they are due
--   5  schedule   hash    its record
--   6  owned      zset    names of those that somebody owns, by the ms at which they are due
--   7  op         string  the remembered answer of this call; only with an idempotency key
-- DERIVES schedule:<name>:payload
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  name       text
--   3  by         text    who says so
--   4  digest     text    of what it is to be
--   5  version    int     that it has now; '' for one that is to be new, or the same
--   6  next_ms    int     when it is due next; '+' and how many ms from now, from where its interval then counts;
--                         '' as it is
--   7  payload    text    of its tasks
--   8  owner      text    who owns it from now on; '' for nobody
--   9  born       text    when that user was made
--   10 owner_key  text    the id of his API key, where it came with one
--   11 fields     int     how many pairs of the record follow
-- REPLY
--   { 'put', 'created' | 'changed' | 'same', version }
--   { 'replayed', the same words as first answered }
--   { 'stale', version }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch' | 'unknown_schedule', '' }
--   { 'refused', 'conflict', 'limit' if there are too many, '' if another one has the name }
-- COST  14
local schedules, due, key, owned, op = KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local now_arg, name, by, digest, version, next_ms, payload, owner, born, owner_key, field_count = take(11)
local now, who, fields = now_from(now_arg), actor('', '', by), { take(2 * field_count) }

if shard_state() then return refused('schema_too_new') end
if op then
  local answer = remembered(op, digest)
  if answer then return answer end
end
local row = read(key)
local function answer(how, at)
  local reply = { 'put', how, at }
  if op then remember(op, digest, reply, OP_RETENTION_MS) end
  return reply
end
if version ~= '' and not row then return refused('unknown_schedule') end
if row and version == '' then
  if row.digest ~= digest then return refused('conflict') end
  return answer('same', row.version)
end
if row and row.version ~= version then
  -- A repeat, after a lost answer, finds what it wrote.
  if row.digest == digest then return answer('same', row.version) end
  return { 'stale', row.version }
end
if not row and redis.call('ZCARD', schedules) >= SCHEDULES_MAX then return refused('conflict', 'limit') end

local given, dropped = {}, {}
local function set(field, value) fields[#fields + 1], fields[#fields + 2] = field, value end
-- Whoever says what it is to be is the one whose rights count from now on.
if owner ~= '' then
  set('owner', owner)
  set('owner_born', born)
  if owner_key ~= '' then set('owner_key', owner_key) end
end
for at = 1, #fields, 2 do given[fields[at]] = true end
for _, field in ipairs({ 'cron', 'every_ms', 'zone', 'missed', 'overlap', 'kind', 'queue', 'priority', 'timeout_ms',
  'max_attempts', 'max_crashes', 'backoff_ms', 'backoff_cap_ms', 'tags', 'owner', 'owner_born', 'owner_key',
  'denied', 'denied_ms' }) do
  if row and row[field] and not given[field] then dropped[#dropped + 1] = field end
end
if string.sub(next_ms, 1, 1) == '+' then
  set('aligned_ms', now.digits)
  next_ms = digits(now.ms + tonumber(next_ms))
end
-- One that is paused is due only when it goes on. With another owner it may have to wait in another place.
if row and row.paused_ms then next_ms = '' elseif row and next_ms == '' then next_ms = row.next_ms or '' end
if next_ms ~= '' then
  set('next_ms', next_ms)
  wait_for(due, owned, name, owner ~= '', next_ms)
end
local new_version = digits((row and row.version or 0) + 1)
set('digest', digest)
set('version', new_version)
if row then
  set('changed_ms', now.digits)
  set('changed_by', by)
else
  set('created_ms', now.digits)
  set('created_by', by)
  redis.call('ZADD', schedules, 0, name)
end
put_value(key, fields, dropped, 'payload', payload, row)
redis.call('HSET', key, unpack(fields))
if #dropped > 0 then redis.call('HDEL', key, unpack(dropped)) end
tell_schedule('put', who, name, { queue = redis.call('HGET', key, 'queue') })
write_batch()
return answer(row and 'changed' or 'created', new_version)
