-- token/revoked: tell all gateways that something is worth nothing any more.
--
-- What is older than any access token is trimmed. A repeat says the same thing twice.
--
-- CLASS  drain
-- KEYS
--   1  revoked    stream
-- ARGV
--   1  kind         session, user, key or jti
--   2  id
--   3  epoch        from which on a user's sessions are good again; '' for the others
--   4  until        ms at which the last token that this is about has expired
--   5  injected_ms
-- REPLY
--   { 'told', the id of the entry }
-- COST  3
local revoked = KEYS[1]
local kind, id, epoch, until_ms, injected_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

now_from(injected_ms)
redis.call('XTRIM', revoked, 'MINID', '~', digits(NOW.ms - REVOKED_RETENTION_MS))
local entry = redis.call('XADD', revoked, 'MAXLEN', '~', REVOKED_MAX, '*', 'kind', kind, 'id', id, 'epoch', epoch, 'until', until_ms)
return { 'told', entry }
