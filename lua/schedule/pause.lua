-- schedule/pause: let a schedule rest, or go on. Times that come while it rests are not made up for.
--
-- CLASS  drain
-- USES   lifecycle batch groups move schedule
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  due        zset    names by the ms at which they are due
--   4  schedule   hash    its record
--   5  owned      zset    names of those that somebody owns, by the ms at which they are due
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  name       text
--   3  by         text    who says so
--   4  version    int     that it has now
--   5  pause      text    '1' to rest, '' to go on
--   6  next_ms    int     when it is due next, if it goes on; '' if never
-- REPLY
--   { 'done', version }
--   { 'stale', version }
--   { 'refused', 'schema_too_new' | 'unknown_schedule', '' }
-- COST  10
local due, key, owned = KEYS[3], KEYS[4], KEYS[5]
local now_arg, name, by, version, pause, next_ms = take(6)
local now, who = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end
local row = read(key)
if not row then return refused('unknown_schedule') end
if (row.paused_ms ~= nil) == (pause == '1') then return { 'done', row.version } end
if row.version ~= version then return { 'stale', row.version } end

local fields = { 'version', digits(row.version + 1), 'changed_ms', now.digits, 'changed_by', by }
if pause == '1' then
  fields[#fields + 1], fields[#fields + 2] = 'paused_ms', now.digits
  redis.call('HDEL', key, 'next_ms')
  wait_no_more(due, owned, name)
else
  redis.call('HDEL', key, 'paused_ms')
  if next_ms ~= '' then
    fields[#fields + 1], fields[#fields + 2] = 'next_ms', next_ms
    wait_for(due, owned, name, row.owner, next_ms)
  end
end
redis.call('HSET', key, unpack(fields))
tell_schedule(pause == '1' and 'pause' or 'resume', who, name, row)
write_batch()
return { 'done', fields[2] }
