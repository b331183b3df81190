-- error/silence: leave a group of failures out of what asks for attention, for a time or until that is taken back; or take it
-- back. What is counted of the group does not change. A silence may outlive its group, where nobody sees it: so where there are
-- too many, the oldest one gives way.
--
-- CLASS  grow
-- KEYS
--   1  meta         hash    the first shard of the namespace
--   2  silences     hash    groups that are silenced
-- ARGV
--   1  now_ms       int     '' in production: the server's clock decides
--   2  fingerprint  text    the group
--   3  for_ms       int     how long; '' until it is taken back, '0' takes it back
--   4  by           text    who says so, or ''
--   5  reason       text
-- REPLY
--   { 'silenced' }
--   { 'lifted', '1' if it was silenced }
--   { 'refused', 'schema_too_new', '' }
-- COST  4, and those that are silenced
local silences = KEYS[2]
local now_arg, fingerprint, for_ms, by, reason = take(5)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end
-- Those that are over make room.
local over, known, live, oldest = {}, false, 0, {}
local flat = redis.call('HGETALL', silences)
for at = 1, #flat, 2 do
  local until_text, since_text = string.match(flat[at + 1], '^(%d+) (%d+)')
  local until_ms, since_ms = tonumber(until_text or '1'), tonumber(since_text or '0')
  if until_ms > 0 and until_ms <= now.ms then over[#over + 1] = flat[at]
  else
    live = live + 1
    known = known or flat[at] == fingerprint
    if not oldest.since_ms or since_ms < oldest.since_ms then oldest = { since_ms = since_ms, group = flat[at] } end
  end
end
if for_ms ~= '0' and not known and live >= SILENCES_MAX then over[#over + 1] = oldest.group end

if for_ms == '0' then over[#over + 1] = fingerprint end
if #over > 0 then redis.call('HDEL', silences, unpack(over)) end
if for_ms == '0' then return { 'lifted', known and '1' or '' } end
local until_ms = for_ms == '' and '0' or digits(now.ms + for_ms)
redis.call('HSET', silences, fingerprint, until_ms .. ' ' .. now.digits .. ' ' .. (by == '' and '-' or by) .. ' ' .. reason)
return { 'silenced' }
