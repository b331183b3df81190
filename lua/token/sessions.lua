-- token/sessions: list the sessions of a user, without what is secret about them.
--
-- CLASS  read
-- KEYS
--   1  sessions   zset
--   2  user       hash
-- DERIVES
--   session keys of the sids in the index
-- ARGV
--   1  prefix     of the keys of the user
--   2  max        sessions that are looked at
-- REPLY
--   { 'sessions', then of each: sid, client, device, ip, scope, gen, created_at, rotated_at, expires_at, auth_time, epoch }
-- COST  2 + 1 per session
local sessions, user = KEYS[1], KEYS[2]
local prefix, max = ARGV[1], tonumber(ARGV[2])

local epoch = redis.call('HGET', user, 'epoch')
local reply = { 'sessions' }
for _, sid in ipairs(redis.call('ZRANGE', sessions, 0, max - 1)) do
  local row = redis.call('HMGET', prefix .. 'session:' .. sid, 'client', 'device', 'ip', 'scope', 'gen', 'created_at',
    'rotated_at', 'expires_at', 'auth_time', 'epoch')
  -- One of an earlier epoch is dead, though nobody has touched it since.
  if row[10] and row[10] == epoch then
    table.insert(reply, sid)
    for at = 1, 10 do table.insert(reply, row[at] or '') end
  end
end
return reply
