-- shard/tick: a bounded piece of every chore of the shard that is due, whoever calls, and when to call again.
--
-- CLASS  drain
-- USES   lifecycle batch groups move endings edges chores cache prune
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  leases     zset    holders and their deadlines
--   4  workers    zset    workers by registration
--   5  queues     zset    queues that exist
--   6  scheduled  zset    due times
--   7  marks      zset    ids of stream entries by the number of task events so far
--   8  cascades   zset    what is still to be passed on
--   9  drafts     zset    drafts by the ms at which they are given up
--   10 due        zset    schedules by the ms at which they are due
-- DERIVES task:<id> task:<id>:payload task:<id>:result task:<id>:error task:<id>:reason task:<id>:tags
--         task:<id>:history task:<id>:log task:<id>:refused task:<id>:parents task:<id>:children task:<id>:waiting
--         task:<id>:parked held:<worker>:<boot> worker:<id> flow:<id> flow:<id>:tasks flows queue:<name>
--         queue:<name>:<status>
--         queue:<name>:pending queue:<name>:key:<key> hints:<queue> kind:<name> cache:<digest>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  ticks      int     how many ticks of this caller came through before
--   3  expected   int     Redis time at which the caller's first attempt at this tick should have come through;
--                         '' if none of its ticks came through before
--   4  trying     int     for how many ms it has been trying
-- REPLY
--   { 'ticked', now_ms, tick_ms, reaped, matured, pruned, '1' if ends wait to be passed on and nobody is at it,
--     '1' if a schedule is due }
--   { 'early', now_ms, tick_ms }   somebody else has ticked, and nothing is due
--   { 'refused', 'schema_too_new', '' }
-- COST  16 + 5 per holder reaped, 3 per worker and 5 per queue looked at, 6 per task moved; each chore is bounded by its
--       limit; 1 ZREM, ZADD, XADD per index and call; 1 command per queue for its hints, 3 where it has none
local leases, workers, queues, scheduled, marks = KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local cascades, drafts, schedules = KEYS[8], KEYS[9], KEYS[10]
local now_arg, ticks, expected, trying = take(4)
local now, meta = now_from(now_arg), read(META) or {}

if meta.schema and tonumber(meta.schema) > SCHEMA then return refused('schema_too_new') end
-- A clock that went back would be early for as long as it went: then the due time means nothing.
local wait = meta.tick_ms and meta.tick_ms - now.ms or 0
if wait > 0 and wait <= TICK_EVERY_MS then return { 'early', now.digits, meta.tick_ms } end

note_stall(meta, expected ~= '' and tonumber(expected) or now.ms - trying, now)
local matured = mature(scheduled, now)
-- A newcomer has not seen whether Redis was away, so it waits before it takes anything from anybody.
local reaped, more, swept = 0, false, meta.swept or '0'
if tonumber(ticks) >= TICKS_BEFORE_REAP then
  reaped, more = reap(leases, meta, now)
  swept = digits(sweep(leases, workers, meta, now))
end
local pruned, more_to_prune = prune(queues, meta, now)
more = trim_events(marks, meta, now) or more or more_to_prune
write_batch()

-- Work that is left over is due at once; otherwise the next scheduled task or schedule, or a tick's time.
local due = now.ms + TICK_EVERY_MS
local first = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')[2]
if first and tonumber(first) < due then due = math.max(now.ms + 1, tonumber(first)) end
-- Whoever hears that one is due sees to it. Should he stop, the next to tick hears it again.
local planned = tonumber(redis.call('ZRANGE', schedules, 0, 0, 'WITHSCORES')[2])
local is_planned = planned and planned <= now.ms
if planned and not is_planned then due = math.min(due, planned) end
if more then due = now.ms + 1 end
redis.call('HSET', META, 'swept', swept)
-- A newcomer that has not waited may be the first to get through after a stall. Those who saw it still have to tell.
local blind = expected == '' and tonumber(trying) < STALL_MS_MIN
if not blind or not meta.last_tick_ms then
  redis.call('HSET', META, 'last_tick_ms', now.digits, 'tick_ms', digits(due))
end

-- One at a time passes ends on, but for one who stopped in the middle of it.
local function wants_passing()
  if is_passing(meta.cascaded_ms) then return false end
  return redis.call('EXISTS', cascades) == 1
    or #redis.call('ZRANGE', drafts, '-inf', now.digits, 'BYSCORE', 'LIMIT', 0, 1) > 0
end
return { 'ticked', now.digits, digits(due), digits(reaped), digits(matured), digits(pruned), wants_passing() and '1' or '',
  is_planned and '1' or '' }
