-- token/end: end a session, whoever holds its token.
--
-- CLASS  drain
-- USES   session
-- KEYS
--   1  session    hash
--   2  sessions   zset    the sessions of the user
--   3  ended      string  why the session ended
-- ARGV
--   1  sid
--   2  secret_hash   of the token that asks for it; '' when somebody else may
--   3  user_id       whose it must be; '' when that is not the question
--   4  why
--   5  ended_ms      how long the end is remembered
-- REPLY
--   { 'revoked' | 'gone' | 'refused' }
-- COST  4
local session, sessions, ended = KEYS[1], KEYS[2], KEYS[3]
local sid, secret_hash, user_id, why, ended_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local s_hash, s_user = unpack(redis.call('HMGET', session, 'secret_hash', 'user_id'))
if not s_hash then return { 'gone' } end
if secret_hash ~= '' and secret_hash ~= s_hash then return { 'refused' } end
if user_id ~= '' and user_id ~= s_user then return { 'refused' } end
end_session(session, sessions, ended, sid, why, ended_ms)
return { 'revoked' }
