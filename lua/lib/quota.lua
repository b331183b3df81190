-- lib/quota: how many tasks of a queue may start now, and in which order those of a queue that ages.

-- What is read of a queue that has limits.
local LIMITS = { 'running', 'concurrency', 'rate_count', 'rate_ms', 'started', 'aging_ms', 'fair', 'turn', 'regroup' }

-- Starts are kept one by one for as long as they count, so a rate holds in every window.
local function starts_key(queue) return queue_key(queue) .. ':starts' end

-- How many more may start within the window that ends now; and if none, in how many ms.
local function rate_room(quota, count, now)
  local key, window_us = starts_key(quota.name), quota.rate_ms * 1000
  -- What a clock that went back left in a far future counts no more, either.
  for _, range in ipairs({ { '-inf', digits(now.us - window_us) }, { '(' .. digits(now.us + window_us), '+inf' } }) do
    local over = redis.call('ZRANGE', key, range[1], range[2], 'BYSCORE', 'LIMIT', 0, STARTS_SWEEP_MAX)
    if #over > 0 then redis.call('ZREM', key, unpack(over)) end
  end
  local room = count - redis.call('ZCARD', key)
  if room > 0 then return room end
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  return 0, math.max(1, math.ceil((first + window_us - now.us) / 1000))
end

-- What a queue allows at this moment: how many more may start (left), and else in how many ms; what this call used of it.
local function quota_of(queue, now)
  local key = queue_key(queue)
  local at = redis.call('HMGET', key, unpack(LIMITS))
  local quota = { name = queue, key = key, left = math.huge, used = 0, wait_ms = math.huge, aging_ms = at[6] and tonumber(at[6]) }
  quota.fair, quota.turn, quota.regroup = at[7] == '1', tonumber(at[8] or 0), at[9]
  if at[2] then
    local counts = COUNTED[queue]
    quota.left = at[2] - (at[1] or 0) - (counts and counts.running or 0)
  end
  if at[3] then
    quota.rate_ms, quota.started = tonumber(at[4]), tonumber(at[5] or 0)
    local room, wait_ms = rate_room(quota, tonumber(at[3]), now)
    -- More time brings nothing while all places are taken.
    if quota.left > 0 and wait_ms then quota.wait_ms = wait_ms end
    quota.left = math.min(quota.left, room)
  end
  return quota
end

-- A task that waited for a while counts as one of the next priority, and so on; within a priority the oldest comes first.
local function aged_score(quota, score)
  local band = bands.of(score)
  local since_ms = score - band * PRIORITY_BAND
  local risen = math.floor(math.max(0, NOW.ms - since_ms) / quota.aging_ms)
  return math.max(0, band - risen) * PRIORITY_BAND + since_ms
end

local function add_limited(sources, queue, now)
  local quota = quota_of(queue.name, now)
  if quota.regroup then regroup(queue.name, quota.regroup) end
  queue.quota = quota
  if quota.left <= 0 then
    sources.wait_ms = math.min(sources.wait_ms, quota.wait_ms)
    return
  end
  if quota.aging_ms or quota.fair then sources.scored = true end
  if quota.aging_ms then
    -- The first of each priority is the oldest of it, so a queue that ages is as many sources as it has priorities.
    bands.each(queue.pending, function(_, _, range)
      sources[#sources + 1] = { key = queue.key, name = queue.name, pending = queue.pending, place = queue.place, quota = quota,
        low = range.low, high = range.high }
    end)
  else
    sources[#sources + 1] = queue
  end
  sources.quotas = sources.quotas or {}
  sources.quotas[#sources.quotas + 1] = quota
end

local function use_quota(quota, source)
  quota.left, quota.used = quota.left - 1, quota.used + 1
  if quota.fair and source.score then quota.turn = math.max(quota.turn, source.score % PRIORITY_BAND) end
end

-- Whose turn it is now. Groups that are not ahead of it need not be remembered, nor any when nothing waits; and of very
-- many that are ahead, those that are so the least.
local function keep_turn(quota)
  local turns = quota.key .. ':turns'
  redis.call('HSET', quota.key, 'turn', digits(quota.turn))
  if redis.call('ZCARD', quota.key .. ':pending') <= quota.used then return redis.call('UNLINK', turns) end
  local past = redis.call('ZRANGE', turns, '-inf', digits(quota.turn), 'BYSCORE', 'LIMIT', 0, TURNS_SWEEP_MAX)
  if #past > 0 then redis.call('ZREM', turns, unpack(past)) end
  if redis.call('ZCARD', turns) > TURNS_MAX then redis.call('ZREMRANGEBYRANK', turns, 0, quota.used) end
end

-- Writes what the claim used up. A start is named after how many there were before it and with it.
local function keep_quotas(sources, now)
  for _, quota in ipairs(sources.quotas or {}) do
    if quota.used > 0 and quota.rate_ms then
      local starts, us = {}, digits(now.us)
      for number = 1, quota.used do starts[2 * number - 1], starts[2 * number] = us, string.format('%016.0f', quota.started + number) end
      redis.call('ZADD', starts_key(quota.name), unpack(starts))
      redis.call('HSET', quota.key, 'started', digits(quota.started + quota.used))
      if quota.left <= 0 then sources.wait_ms = math.min(sources.wait_ms, quota.rate_ms) end
    end
    if quota.used > 0 and quota.fair then keep_turn(quota) end
  end
end
