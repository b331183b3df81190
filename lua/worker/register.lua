-- worker/register: make a boot the current one of its worker; it takes over what the boot before it held.
--
-- CLASS  drain
-- USES   lifecycle batch groups move endings lease takeover
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  leases     zset    holders and their deadlines
--   4  workers    zset    workers by registration
--   5  worker     hash    the worker's record
--   6  held       zset    what this boot holds
-- DERIVES task:<id> task:<id>:history task:<id>:reason held:<worker>:<boot> queue:<name> queue:<name>:pending
--         queue:<name>:failed queue:<name>:key:<key> hints:<queue>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  worker     text
--   3  boot       text
--   4  expects    text    the boot this one follows, '' for none
--   5  lease_ms   int
--   6  fields     int     how many pairs of the record follow: kind, host, slots, …
-- REPLY
--   { 'registered', tick_ms, lease_ms, how many tasks were taken over }
--   { 'refused', 'schema_too_new' | 'superseded' | 'lease_lost', '' }
--   { 'refused', 'conflict', current boot }
-- COST  14 + 3 per task taken over; 1 ZREM, ZADD per index and call; 1 command per queue for its hints, 3 where
--       it has none
local keys = { leases = KEYS[3], workers = KEYS[4], worker = KEYS[5], held = KEYS[6] }
local now_arg, worker, boot, expects, lease_ms, field_count = take(6)
local now, fields = now_from(now_arg), { take(2 * field_count) }

local too_new, tick_ms = shard_state()
if too_new then return refused('schema_too_new') end
local refusal, holder, state, stands, record = admit(keys, worker, boot, expects, lease_ms)
if refusal then return refusal end

local taken_over = 0
if stands == 'new' then
  taken_over = adopt(keys, record, worker, boot, lease_ms, now, fields)
elseif #fields > 0 then
  redis.call('HSET', keys.worker, unpack(fields))
end
extend_lease(keys.leases, holder, state, now)
write_batch()
return { 'registered', due_at_once() or tick_ms, holder.lease_ms, digits(taken_over) }
