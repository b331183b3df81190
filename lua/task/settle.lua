-- task/settle: record what a holder reports of its tasks, and on request claim the next ones in the same trip.
--
-- CLASS  drain
-- USES   lifecycle batch groups move endings edges lease bands quota claim cache refused settle
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  leases     zset    holders and their deadlines
--   4  worker     hash    the worker's record
--   5  held       zset    what this boot holds
--   6+ queue, queue_pending  hash, zset   of each queue claimed from
-- DERIVES task:<id> task:<id>:payload task:<id>:result task:<id>:error task:<id>:reason task:<id>:history
--         task:<id>:refused task:<id>:waiting task:<id>:parked held:<worker>:<boot> queue:<name> queue:<name>:<status>
--         queue:<name>:key:<key> flow:<id> flow:<id>:key:<key> scheduled cascades hints:<queue> kind:<name> cache:<digest>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  worker     text    must be the holder
--   3  boot       text    of the holder; '' when only worker and fence are known, and then nothing is claimed
--   4  max        int     tasks wanted; '' to claim nothing and leave the lease as it is; fewer are granted behind
--                         many reports that are no completions
--   5  order      text    'listed' to empty the queues in the order of their keys; '' by priority and age over all
--   6  reports    int     how many reports
--   7  listed     int     how many pairs the holder knows beside them
--      then of each report: task, fence, verb ('complete' 'fail' 'fail_for_good' 'time_out' 'release'), how many words
--      follow: '0' or '4', digest of the outcome, reason, wait_ms or '', body (result or error); then of each pair:
--      task, fence, timeout_ms
-- REPLY
--   { 'settled', tick_ms, of each report: 'settled' | 'recorded', status, version or 'refused', code, status;
--     then with `max`: 'claimed', lease_ms, … as task/claim answers,
--     or 'refused', 'unknown_worker' | 'superseded' | 'lease_lost', '' or 'refused', 'conflict', current boot }
--   { 'refused', 'schema_too_new', '' }
--   of a report: 'unknown_task' | 'fenced' | 'already_finished'
-- COST  6 + 3 per report (2 more if it is refused) + 3 per task claimed; 1 ZREM, ZADD, XADD per index and call; 1 more per queue that fewer
--       tasks run of; 1 command per queue for its hints, 3 where it has none; of limits as task/claim
local leases, worker_key, held = KEYS[3], KEYS[4], KEYS[5]
local now_arg, worker, boot, max, queue_order, report_count, listed_count = take(7)
local now, settler = now_from(now_arg), actor(worker, boot)

local too_new, tick_ms = shard_state()
if too_new then return refused('schema_too_new') end

local reply, settled, others = { 'settled', tick_ms }, { size = 0 }, 0
for _ = 1, tonumber(report_count) do
  local id, fence, verb, words = take(4)
  local report = { fence = fence, verb = verb, stated = verb, reason = '', wait_ms = '', body = '', actor = settler }
  if words == '4' then
    local digest
    digest, report.reason, report.wait_ms, report.body = take(4)
    report.stated = verb .. ' ' .. digest
  end
  local tag, word, more, its_boot = settle_one(id, report, worker, now)
  others = others + (verb == 'complete' and math.floor(#report.body / SETTLE_BYTES_PER_OTHER) or 1)
  if its_boot == boot then settled[id], settled.size = true, settled.size + 1 end
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3] = tag, word, more
end

-- Those that waited for what ended here may be claimed by this very call.
local room = { left = CASCADE_ROOM_BESIDE }
pass_on(room)
if room.left < CASCADE_ROOM_BESIDE or (next(GROUPED) and has_rules()) then
  others = others + math.ceil((CASCADE_ROOM_BESIDE - room.left) / WEIGHT_OF_MOVE)
  write_batch()
  -- What was settled is out of `held` now, so the claim has nothing to leave out of account.
  settled = NOTHING_SETTLED
end

-- The claim that rides along: only for the boot that is current, and not while its lease is being reaped.
local function claim_next()
  local listed, order = take_listed(tonumber(listed_count))
  local record, refusal = record_of_current(worker_key, boot)
  if not record then return refusal end
  local holder = holder_of(worker, boot, held, record.lease_ms)
  local state = lease_state(leases, holder.name, held)
  if state == 'reaped' then return refused('lease_lost') end
  extend_lease(leases, holder, state, now)
  reply[#reply + 1], reply[#reply + 2] = 'claimed', holder.lease_ms
  -- Many failures, or long results, and a full claim together would hold Redis up for too long: then fewer are granted.
  local most = math.min(tonumber(max), math.max(SETTLE_OTHERS_AND_CLAIM_MAX - others, 1))
  local ask = { max = most, queues = queues_from(6), listed = listed, order = order, without = settled,
    in_order = queue_order == 'listed' }
  claim_tasks(holder, ask, now, reply)
end

if max ~= '' then
  for _, word in ipairs(claim_next() or {}) do reply[#reply + 1] = word end
end
write_batch()
reply[2] = due_at_once() or tick_ms
return reply
