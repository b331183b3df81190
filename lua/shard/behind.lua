-- shard/behind: write down what follows from a piece of the stream, once, and move the place up to which that is done.
--
-- CLASS  grow
-- KEYS
--   1  meta      hash    the shard
--   2  events    stream
-- DERIVES index:kinds index:kind:<kind> index:tag:<tag> index:worker:<id> series:<resolution>:<ms> series:<resolution>:<ms>:<queue>
--   depths queue:<name> queue:<name>:<status> queue:<name>:waiting
--   errors error:<fingerprint> error:<fingerprint>:tasks error:<fingerprint>:workers
--   webhooks:filters webhook:<name>:due webhook:<name>:counts
-- ARGV
--   1  now_ms    int     '' in production: the server's clock decides
--   2  from      text    the place behind which the piece begins, '' for the beginning
--   3  from_part text    what was done of the entry behind that: its id and how many of its tasks; '' for nothing
--   4  to        text    the last entry that the piece ends with, '' if there is none yet
--   5  to_part   text    what is done then of the entry behind that, likewise
--   6  counted   int     task events in the piece
--   7  writes    int     how many writes; then of each: its verb, the key without the prefix, how many words, and the words
-- REPLY
--   { 'written', '1' if nothing is left, missed }   so many task events were trimmed away before anybody read them
--   { 'stale' }                                     the place has been moved meanwhile: nothing is written
--   { 'refused', 'schema_too_new', '' }
-- COST  7 + 1 per write, 2 more per webhook, 1 per hour, 12 to 15 per depth, log n per member; words are bounded by the caller
local now_arg, from, from_part, to, to_part, counted, writes = take(7)
local now = now_from(now_arg)
local state = redis.call('HMGET', META, 'schema', 'behind', 'behind_events', 'events', 'behind_part')

if state[1] and tonumber(state[1]) > SCHEMA then return refused('schema_too_new') end
if (state[2] or '') ~= from or (state[5] or '') ~= from_part then return { 'stale' } end

-- Keys come from the caller, so they are held to the families that nothing else writes.
local FAMILIES = { '^index:kinds$', '^index:kind:.', '^index:tag:.', '^index:worker:.', '^series:%w+:%d+$', '^series:%w+:%d+:.', '^depths$',
  '^errors$', '^error:%x+$', '^error:%x+:tasks$', '^error:%x+:workers$', '^webhook:[^:]+:due$' }
local function own(suffix)
  for _, family in ipairs(FAMILIES) do
    if string.find(suffix, family) then return SHARD .. suffix end
  end
  error('BROKEN a write behind to ' .. suffix)
end

local DEPTHS = { 'scheduled', 'blocked', 'pending', 'running' }
-- How many tasks of a queue there are now in each status that a task leaves again.
local function depth_of(queue)
  local record = redis.call('HMGET', queue_key(queue), 'scheduled', 'running')
  local function size(index) return redis.call('ZCARD', queue_key(queue) .. index) end
  return { record[1] or '0', digits(size(':blocked')), digits(size(':pending') + size(':waiting')), record[2] or '0' }
end

local VERBS = {
  -- Score and member in turn.
  enter = function(key, words) redis.call('ZADD', key, unpack(words)) end,
  leave = function(key, words) redis.call('ZREM', key, unpack(words)) end,
  -- Field and number in turn.
  count = function(key, words)
    for at = 1, #words, 2 do redis.call('HINCRBY', key, words[at], words[at + 1]) end
  end,
  -- Field and value in turn.
  set = function(key, words) redis.call('HSET', key, unpack(words)) end,
  first = function(key, words)
    for at = 1, #words, 2 do redis.call('HSETNX', key, words[at], words[at + 1]) end
  end,
  expire = function(key, words) redis.call('PEXPIRE', key, words[1]) end,
  -- The highest scores stay; what is above the bound goes over several pieces if need be.
  keep = function(key, words)
    local over = redis.call('ZCARD', key) - words[1]
    if over > 0 then redis.call('ZREMRANGEBYRANK', key, 0, math.min(over, BEHIND_DROPS_MAX) - 1) end
  end,
  -- The most fields that there may be, then field and number in turn.
  within = function(key, words)
    for at = 2, #words, 2 do
      if redis.call('HEXISTS', key, words[at]) == 1 or redis.call('HLEN', key) < tonumber(words[1]) then
        redis.call('HINCRBY', key, words[at], words[at + 1])
      end
    end
  end,
  -- Where an hour begins and number in turn. Each has the field of the one a day before it, unless that is a later one.
  hour = function(key, words)
    for at = 1, #words, 2 do
      local field = 'hour:' .. digits(words[at] / 3600000 % ERROR_HOURS)
      local ms, count = string.match(redis.call('HGET', key, field) or '', '^(%d+) (%d+)$')
      if ms == words[at] then
        redis.call('HSET', key, field, ms .. ' ' .. digits(count + words[at + 1]))
      elseif not ms or tonumber(ms) < tonumber(words[at]) then
        redis.call('HSET', key, field, words[at] .. ' ' .. words[at + 1])
      end
    end
  end,
  -- For a webhook that still is the one that was read: its id and what it wants, then deliveries. They wait from now on; what
  -- is more than may wait is counted.
  deliver = function(key, words)
    local name = string.match(key, 'webhook:([^:]+):due$')
    local known = redis.call('HGET', SHARD .. 'webhooks:filters', name)
    local id, state = string.match(known or '', '^%d+ (%S+) (%S+) ')
    if id ~= words[1] or state == 'disabled' then
      return
    end
    local room = math.max(0, WEBHOOK_WAITING_MAX - redis.call('ZCARD', key))
    local members = {}
    for at = 2, math.min(#words, room + 1) do
      members[#members + 1], members[#members + 2] = now.digits, now.digits .. ' ' .. words[at]
    end
    if #members > 0 then redis.call('ZADD', key, unpack(members)) end
    local over = #words - 1 - #members / 2
    if over > 0 then redis.call('HINCRBY', SHARD .. 'webhook:' .. name .. ':counts', 'dropped', digits(over)) end
  end,
  -- The word of each resolution, its step and how long a bucket is kept; then queues. What is counted is of now, and so is its
  -- bucket. The first count of a bucket goes there with the one before it, for nothing is written while nothing happens.
  depth = function(key, words)
    for at = 10, #words do
      local queue, depth = words[at], depth_of(words[at])
      local before = { string.match(redis.call('HGET', key, queue) or '', '^%d+ (%d+) (%d+) (%d+) (%d+)$') }
      for of = 1, 9, 3 do
        local bucket = own('series:' .. words[of] .. ':' .. digits(now.ms - now.ms % words[of + 1]) .. ':' .. queue)
        local fields, first = {}, before[1] and redis.call('HEXISTS', bucket, DEPTHS[1]) == 0
        for status, name in ipairs(DEPTHS) do
          fields[#fields + 1], fields[#fields + 2] = name, depth[status]
          if first then fields[#fields + 1], fields[#fields + 2] = 'before:' .. name, before[status] end
        end
        redis.call('HSET', bucket, unpack(fields))
        redis.call('PEXPIRE', bucket, words[of + 2])
      end
      redis.call('HSET', key, queue, now.digits .. ' ' .. table.concat(depth, ' '))
    end
  end,
  -- Groups that were not seen for longest leave the list with their keys: above the bound, or when they are old.
  evict = function(key, words)
    local over, oldest = redis.call('ZCARD', key) - words[1], now.ms - ERROR_RETENTION_MS
    local lowest = redis.call('ZRANGE', key, 0, ERROR_DROPS_MAX - 1, 'WITHSCORES')
    for at = 1, #lowest, 2 do
      if over <= 0 and tonumber(lowest[at + 1]) > oldest then break end
      local group = own('error:' .. lowest[at])
      redis.call('ZREM', key, lowest[at])
      redis.call('UNLINK', group, group .. ':tasks', group .. ':workers')
      over = over - 1
    end
  end,
}
local todo = {}
for at = 1, tonumber(writes) do
  local verb, suffix, size = take(3)
  todo[at] = { VERBS[verb] or error('BROKEN no write behind is called ' .. verb), own(suffix), { take(tonumber(size)) } }
end
for _, write in ipairs(todo) do write[1](write[2], write[3]) end

-- Who has read everything knows how many events there were: those that nobody read were trimmed away.
local last = redis.call('XREVRANGE', EVENTS, '+', '-', 'COUNT', 1)[1]
local whole = not last or last[1] == to
local known, missed = (state[3] or 0) + counted, 0
if whole then
  missed = math.max(0, (state[4] or 0) - known)
  known = known + missed
end
redis.call('HSET', META, 'behind_events', digits(known))
if to ~= '' then redis.call('HSET', META, 'behind', to) end
if to_part ~= '' then redis.call('HSET', META, 'behind_part', to_part)
elseif from_part ~= '' then redis.call('HDEL', META, 'behind_part') end
if missed > 0 then redis.call('HINCRBY', META, 'behind_missed', digits(missed)) end
-- Others leave it to who says that he is at it.
if whole then redis.call('HDEL', META, 'behind_ms') else redis.call('HSET', META, 'behind_ms', now.digits) end
return { 'written', whole and '1' or '', digits(missed) }
