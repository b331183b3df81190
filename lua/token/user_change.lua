-- token/user_change: end all sessions of a user, disable or enable him, delete him, give him other roles.
--
-- Ending all sessions is one number: each session that is of another epoch is dead, and its hash goes at its next use or
-- with its time. A repeat raises the number once more.
--
-- CLASS  drain
-- KEYS
--   1  user       hash
--   2  sessions   zset    the sessions of the user
-- ARGV
--   1  user_id
--   2  what       bump, disable, enable, delete, roles or rehash
--   3  value      the roles; for rehash the new text of the same password
--   4  epoch_seen when the password was read; '' if that is not the question
-- REPLY
--   { 'changed', epoch }
--   { 'refused', 'unknown' | 'changed' }
-- COST  4
local user, sessions = KEYS[1], KEYS[2]
local asked_id, what, value, epoch_seen = ARGV[1], ARGV[2], ARGV[3], ARGV[4]

local user_id, epoch, deleted = unpack(redis.call('HMGET', user, 'user_id', 'epoch', 'deleted'))
if user_id ~= asked_id or deleted == '1' then return { 'refused', 'unknown' } end
if epoch_seen ~= '' and epoch_seen ~= epoch then return { 'refused', 'changed' } end

local fields = {
  bump = {},
  disable = { 'disabled', '1' },
  enable = { 'disabled', '0' },
  delete = { 'disabled', '1', 'deleted', '1', 'password', '' },
  roles = { 'roles', value },
  rehash = { 'password', value },
}
if #fields[what] > 0 then redis.call('HSET', user, unpack(fields[what])) end
if what == 'enable' or what == 'roles' or what == 'rehash' then return { 'changed', epoch } end
redis.call('DEL', sessions)
return { 'changed', digits(redis.call('HINCRBY', user, 'epoch', 1)) }
