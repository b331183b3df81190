-- worker/renew: the heartbeat: prolong a holder's lease, and tell it where its picture differs from the truth.
--
-- CLASS  drain
-- USES   lease
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  leases     zset    holders and their deadlines
--   4  worker     hash    the worker's record
--   5  held       zset    what this boot holds
-- DERIVES task:<id>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  worker     text
--   3  boot       text
--   4  alone      text    '1': only if the holder holds nothing but what it lists
--   5  fields     int     how many pairs of the record follow: done, failed, …
--   6  listed     int     how many pairs the holder knows; then of each: task, fence, timeout_ms ('' for the default)
-- REPLY
--   { 'renewed', tick_ms, lease_ms, directive or '', how many pairs are gone, of each: task, fence, why,
--     how many are unknown, of each: task }
--   { 'refused', 'schema_too_new' | 'unknown_worker' | 'superseded' | 'lease_lost', '' }
--   { 'refused', 'conflict', current boot, or '' where it holds what it does not list }
-- COST  6, and 1 per pair that is gone; 1 ZADD
local leases, worker_key, held = KEYS[3], KEYS[4], KEYS[5]
local now_arg, worker, boot, alone, field_count = take(5)
local now, fields = now_from(now_arg), { take(2 * field_count) }

local too_new, tick_ms = shard_state()
if too_new then return refused('schema_too_new') end
local record, refusal = record_of_current(worker_key, boot)
if not record then return refusal end
local holder = holder_of(worker, boot, held, record.lease_ms)
-- A lease that is gone was reaped: what the holder believes to hold is somebody else's.
if lease_state(leases, holder.name, held) ~= 'open' then return refused('lease_lost') end

local listed, order = take_listed(tonumber(take()))
local unknown, _, found = compare(held, listed, NOTHING_SETTLED)
if alone == '1' and #unknown > 0 then return refused('conflict') end

if #fields > 0 then redis.call('HSET', worker_key, unpack(fields)) end
extend_lease(leases, holder, 'open', now)
local reply = { 'renewed', tick_ms, holder.lease_ms, record.directive or '' }
answer_gone(reply, order, found, worker)
reply[#reply + 1] = digits(#unknown)
for _, id in ipairs(unknown) do reply[#reply + 1] = id end
return reply
