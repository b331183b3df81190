-- token/standing: what a session and its user are worth at this moment.
--
-- CLASS  read
-- KEYS
--   1  session    hash
--   2  user       hash
-- ARGV
-- REPLY
--   { 'standing', user_id and epoch of the session, user_id, epoch, disabled and roles of the user; '' for what there is not }
-- COST  2
local session, user = KEYS[1], KEYS[2]

local s_user, s_epoch = unpack(redis.call('HMGET', session, 'user_id', 'epoch'))
local user_id, epoch, disabled, roles = unpack(redis.call('HMGET', user, 'user_id', 'epoch', 'disabled', 'roles'))
return { 'standing', s_user or '', s_epoch or '', user_id or '', epoch or '', disabled or '', roles or '' }
