-- token/rotate: give a refresh token its successor, once.
--
-- The rule is `judge` in baton-core/src/login/rotation.rs, line for line. A replay writes nothing, so its window never
-- slides. A repeat of the call carries the same nonce, and gets the same successor.
--
-- CLASS  grow
-- USES   session
-- KEYS
--   1  session    hash    the family of the token
--   2  user       hash    its user
--   3  sessions   zset    the sessions of the user
--   4  ended      string  why the session ended
-- ARGV
--   1  gen           the generation of the token
--   2  client        who brings it
--   3  secret_hash   of the token
--   4  nonce         names the request
--   5  kid           the key that signs a new successor
--   6  idle_ms       how long the session lives from now
--   7  leeway_ms     after a rotation the previous token does no harm for so long
--   8  retry_ms      and the same request may be repeated for so long
--   9  ended_ms      how long the end of a session is remembered
--   10 max_ahead     so many generations the store may have fallen back
--   11 on_reuse      revoke_family, revoke_user or deny
--   12 sid
--   13 injected_ms
-- REPLY
--   { 'rotated' | 'healed' | 'replayed', generation, kid, user_id, epoch, scope, roles, auth_time, amr, client, now,
--     expires_at, absolute_at }
--   { 'unknown', why it ended or '' }
--   { 'invalid' | 'expired' | 'stale_epoch' | 'ahead' | 'superseded' }
--   { 'reused', the new epoch of the user or '' }
-- COST  8
local session, user, sessions, ended = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local gen, client, secret_hash, nonce, kid = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local idle_ms, leeway_ms, retry_ms, ended_ms = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local max_ahead, on_reuse, sid, injected_ms = tonumber(ARGV[10]), ARGV[11], ARGV[12], ARGV[13]

local s = redis.call('HMGET', session, 'gen', 'secret_hash', 'client', 'policy', 'nonce', 'kid', 'epoch', 'rotated_at',
  'expires_at', 'absolute_at', 'user_id', 'scope', 'auth_time', 'amr')
local s_gen, s_hash, s_client, s_policy, s_nonce, s_kid, s_epoch, s_rotated, s_expires, s_absolute, s_user = unpack(s)
if not s_gen then return { 'unknown', redis.call('GET', ended) or '' } end
if s_hash ~= secret_hash or s_client ~= client then return { 'invalid' } end
now_from(injected_ms)
if NOW.ms >= tonumber(s_expires) then return { 'expired' } end
local user_id, epoch, disabled, roles = unpack(redis.call('HMGET', user, 'user_id', 'epoch', 'disabled', 'roles'))
if user_id ~= s_user or epoch ~= s_epoch or disabled == '1' then
  end_session(session, sessions, ended, sid, 'epoch', ended_ms)
  return { 'stale_epoch' }
end

local function successor(outcome, generation, key, expires)
  return { outcome, generation, key, user_id, epoch, s[12], roles or '', s[13], s[14], s_client, NOW.digits, expires, s_absolute }
end

local ahead = tonumber(gen) - tonumber(s_gen)
if ahead > max_ahead then return { 'ahead' } end
if ahead >= 0 then
  local to = digits(tonumber(gen) + 1)
  local expires = math.min(tonumber(s_absolute), NOW.ms + idle_ms)
  redis.call('HSET', session, 'gen', to, 'rotated_at', NOW.digits, 'nonce', nonce, 'kid', kid, 'expires_at', digits(expires))
  redis.call('PEXPIRE', session, digits(expires - NOW.ms))
  return successor(ahead == 0 and 'rotated' or 'healed', to, kid, digits(expires))
end

-- The clock of a new primary may be behind: that counts as no time at all.
local age = math.max(0, NOW.ms - tonumber(s_rotated))
if ahead == -1 then
  local same_request = nonce == s_nonce and age < retry_ms
  if same_request or (s_policy == 'replay' and age < leeway_ms) then
    return successor('replayed', s_gen, s_kid, s_expires)
  end
  if age < leeway_ms then return { 'superseded' } end
end
if on_reuse == 'deny' then return { 'reused', '' } end
end_session(session, sessions, ended, sid, 'reuse', ended_ms)
if on_reuse == 'revoke_family' then return { 'reused', '' } end
redis.call('DEL', sessions)
return { 'reused', digits(redis.call('HINCRBY', user, 'epoch', 1)) }
