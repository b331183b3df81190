-- token/login: open a session of a user who has shown who he is.
--
-- A repeat after a lost answer opens a session that nobody has the token of, unless it brings the same session id: then
-- it writes the same session once more.
--
-- CLASS  grow
-- USES   session
-- KEYS
--   1  user       hash
--   2  sessions   zset    the sessions of the user
--   3  session    hash    the new one
-- DERIVES
--   session and ended keys of the sids in the index, when it is full
-- ARGV
--   1  prefix        of the keys of the user
--   2  sid
--   3  user_id
--   4  epoch_seen    when the password was read; '' if none was
--   5  create        1: a user that there is not is made, as an admin
--   6  idle_ms
--   7  absolute_ms
--   8  max           sessions of a user
--   9  ended_ms      how long the end of a session is remembered
--   10 injected_ms
--      then of each field of the session: its name, its value
-- REPLY
--   { 'opened', epoch, roles, now, expires_at, absolute_at, then their ids: the sessions that had to go }
--   { 'refused', 'tag_collision' | 'changed' }
-- COST  11; with a full index 3 more, 1 per session, 3 per session that goes
local user, sessions, session = KEYS[1], KEYS[2], KEYS[3]
local prefix, sid, asked_id, epoch_seen, create = take(5)
local idle_ms, absolute_ms, max, ended_ms, injected_ms = take(5)

now_from(injected_ms)
local user_id, epoch, disabled, roles = unpack(redis.call('HMGET', user, 'user_id', 'epoch', 'disabled', 'roles'))
if user_id and user_id ~= asked_id then return { 'refused', 'tag_collision' } end
if not user_id then
  if create ~= '1' then return { 'refused', 'changed' } end
  epoch, disabled, roles = NOW.digits, '0', 'admin'
  redis.call('HSET', user, 'user_id', asked_id, 'epoch', epoch, 'disabled', disabled, 'roles', roles, 'born', epoch)
end
if disabled == '1' or (epoch_seen ~= '' and epoch_seen ~= epoch) then return { 'refused', 'changed' } end

redis.call('ZREMRANGEBYSCORE', sessions, '-inf', NOW.digits)
local evicted = {}
-- A repeat has its place already: it takes nobody's, least of all its own.
if redis.call('ZCARD', sessions) >= tonumber(max) and not redis.call('ZSCORE', sessions, sid) then
  for _, one in ipairs(redis.call('ZRANGE', sessions, 0, -1)) do
    if redis.call('EXISTS', prefix .. 'session:' .. one) == 0 then redis.call('ZREM', sessions, one) end
  end
  local over = redis.call('ZCARD', sessions) - tonumber(max) + 1
  for _, one in ipairs(over > 0 and redis.call('ZRANGE', sessions, 0, over - 1) or {}) do
    end_session(prefix .. 'session:' .. one, sessions, prefix .. 'ended:' .. one, one, 'evicted', ended_ms)
    table.insert(evicted, one)
  end
end
local expires, absolute = write_session(session, sessions, sid, epoch, tonumber(idle_ms), tonumber(absolute_ms), { take(#ARGV - 10) })
return { 'opened', epoch, roles or '', NOW.digits, expires, absolute, unpack(evicted) }
