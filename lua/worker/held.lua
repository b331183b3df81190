-- worker/held: the tasks that a worker holds, those that must end first in front.
--
-- CLASS  read
-- KEYS
--   1  meta    hash    the shard
--   2  worker  hash    its record
-- DERIVES held:<worker>:<boot>
-- ARGV
--   1  worker  text    its id
-- REPLY
--   { 'holding', how many, then their ids }
-- COST  2
local record = KEYS[2]
local worker = take(1)

local boot = redis.call('HGET', record, 'boot') or ''
local ids = redis.call('ZRANGE', held_key(worker, boot), 0, HELD_TASKS_MAX - 1)
local reply = { 'holding', digits(#ids) }
for _, id in ipairs(ids) do reply[#reply + 1] = id end
return reply
