-- schedule/fire: make the tasks of a schedule that is due, once whoever calls and however often; or none, where its owner
-- may not have them made any more. Where the time is another one, it only puts the name where the record says.
--
-- CLASS  grow
-- USES   lifecycle batch groups move create schedule
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  queues     zset    queues that exist
--   4  due        zset    names by the ms at which they are due
--   5  schedule   hash    its record
--   6  owned      zset    names of those that somebody owns, by the ms at which they are due
-- DERIVES task:<id> task:<id>:payload task:<id>:tags schedule:<name>:payload queue:<name> queue:<name>:pending
--         hints:<queue> kind:<name>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  name       text
--   3  version    int     that the caller has read; '' only to put the name where it belongs
--   4  due_ms     int     when it was due, as the caller has read; '' likewise
--   5  next_ms    int     when it is due next; '' if never again
--   6  skipped    int     how many times are left out
--   7  last_ms    int     the last of the times that the tasks are for, or that are left out
--   8  verdict    text    on its owner: 'granted', or why he may not; '' if the caller cannot tell
--   9  count      int     how many tasks; then their ids
-- REPLY
--   { 'fired', how many tasks it made, how many times were left out, when the shard wants to be ticked }
--   { 'stale' }   it was changed, it is not due yet, or somebody else has seen to this time
--   { 'unjudged' }   somebody owns it, and the caller cannot tell what he may
--   { 'refused', 'schema_too_new' | 'unknown_schedule', '' }
-- COST  16 + 4 per task
local queues, due, key, owned = KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now_arg, name, version, due_ms, next_ms, skipped, last_ms, verdict, count_arg = take(9)
local now, ids = now_from(now_arg), { take(tonumber(count_arg)) }

if shard_state() then return refused('schema_too_new') end
local row = read(key)
if not row then
  -- A name without a record is nobody's, and would be read again and again.
  wait_no_more(due, owned, name)
  return refused('unknown_schedule')
end
if row.version ~= version or row.next_ms ~= due_ms or row.paused_ms or tonumber(due_ms) > now.ms then
  wait_as_said(due, owned, name, row)
  return { 'stale' }
end
if row.owner and verdict == '' then
  -- A release that knows no owners may have put it where anybody looks.
  wait_for(due, owned, name, row.owner, row.next_ms)
  return { 'unjudged' }
end
local denied = row.owner and verdict ~= 'granted' and verdict

-- Where one task is not to overlap the next, those of one call would: only the first is made.
local made, most = 0, #ids
if row.overlap == 'skip' then most = live_task(row) and 0 or math.min(#ids, 1) end
if denied then most = 0 end
for at = 1, most do
  make_task(ids[at], name, key, row, now)
  made = at
end
skipped = skipped + #ids - made
if made > 0 then note_made(queues, key, row, ids[made], made, now) end
if skipped > 0 then redis.call('HINCRBY', key, 'skipped', digits(skipped)) end
redis.call('HSET', key, 'last_due_ms', last_ms)
if denied then
  redis.call('HSET', key, 'denied', denied, 'denied_ms', now.digits)
elseif row.denied then
  redis.call('HDEL', key, 'denied', 'denied_ms')
end
if next_ms ~= '' then
  redis.call('HSET', key, 'next_ms', next_ms)
  wait_for(due, owned, name, row.owner, next_ms)
else
  redis.call('HDEL', key, 'next_ms')
  wait_no_more(due, owned, name)
end
local what = 'made=' .. digits(made) .. ' skipped=' .. digits(skipped) .. ' due=' .. last_ms
tell_schedule('fire', NOBODY, name, row, what .. (denied and ' denied=' .. denied or ''))
write_batch()
return { 'fired', digits(made), digits(skipped), redis.call('HGET', META, 'tick_ms') or '' }
