-- token/password: give a user a new password; all his sessions end, and the one that asked begins anew.
--
-- CLASS  grow
-- USES   session
-- KEYS
--   1  user       hash
--   2  sessions   zset    the sessions of the user
--   3  session    hash    the new one; only with a caller who stays
-- ARGV
--   1  user_id
--   2  epoch_seen   when the old password was read; '' if nobody had to know it
--   3  password     as a PHC text
--   4  sid          of the new session; '' for none
--   5  idle_ms
--   6  absolute_ms
--   7  injected_ms
--      then of each field of the session: its name, its value
-- REPLY
--   { 'set', epoch, roles, now, expires_at, absolute_at }
--   { 'refused', 'unknown' | 'changed' }
-- COST  9
local user, sessions, session = KEYS[1], KEYS[2], KEYS[3]
local asked_id, epoch_seen, password, sid = take(4)
local idle_ms, absolute_ms, injected_ms = take(3)

now_from(injected_ms)
local user_id, epoch, disabled, roles, deleted, stands = unpack(redis.call('HMGET', user, 'user_id', 'epoch', 'disabled', 'roles',
  'deleted', 'password'))
if user_id ~= asked_id or deleted == '1' then return { 'refused', 'unknown' } end
-- Nobody else hashes to this text: a repeat of the call finds what it wrote, and only its session is missing.
if stands ~= password then
  if epoch_seen ~= '' and (epoch_seen ~= epoch or disabled == '1') then return { 'refused', 'changed' } end
  epoch = digits(tonumber(epoch) + 1)
  redis.call('HSET', user, 'epoch', epoch, 'password', password, 'password_at', NOW.digits)
  redis.call('DEL', sessions)
end
local expires, absolute = '', ''
if sid ~= '' then
  expires, absolute = write_session(session, sessions, sid, epoch, tonumber(idle_ms), tonumber(absolute_ms), { take(#ARGV - 7) })
end
return { 'set', epoch, roles or '', NOW.digits, expires, absolute }
