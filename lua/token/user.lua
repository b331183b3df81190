-- token/user: make a user, or make one anew whose record was kept when he was deleted.
--
-- The epoch of a name only rises: tokens of an earlier user of this name stay dead. A repeat after a lost answer finds
-- the user that it made, and is told that he exists.
--
-- CLASS  grow
-- KEYS
--   1  user       hash
-- ARGV
--   1  user_id
--   2  roles        between spaces
--   3  password     as a PHC text; '' for none
--   4  disabled     0 or 1
--   5  injected_ms
-- REPLY
--   { 'made', epoch }
--   { 'refused', 'exists' | 'tag_collision' }
-- COST  3
local user = KEYS[1]
local asked_id, roles, password, disabled, injected_ms = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

now_from(injected_ms)
local user_id, epoch, deleted = unpack(redis.call('HMGET', user, 'user_id', 'epoch', 'deleted'))
if user_id and user_id ~= asked_id then return { 'refused', 'tag_collision' } end
if user_id and deleted ~= '1' then return { 'refused', 'exists' } end
epoch = digits(math.max(NOW.ms, epoch and tonumber(epoch) + 1 or 0))
redis.call('HSET', user, 'user_id', asked_id, 'epoch', epoch, 'disabled', disabled, 'deleted', '0', 'roles', roles, 'password',
  password, 'password_at', NOW.digits, 'born', epoch)
return { 'made', epoch }
