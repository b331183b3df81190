-- queue/counts: how many tasks each queue of a page, or one, has in each status, and how old the oldest pending one is.
--
-- CLASS  read
-- USES   bands
-- KEYS
--   1  meta       hash    the shard
--   2  queues     zset    queues that exist
-- DERIVES queue:<name> queue:<name>:<status> queue:<name>:waiting queue:<name>:starts task:<id>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  first      int     rank of the first queue of the page
--   3  limit      int     how many queues
--   4  only       text    the one queue asked for, or ''
-- REPLY
--   { 'counted', how many queues there are, then of each: name, paused_ms or '', retention_ms or '', scheduled,
--     blocked, pending, running, completed, failed, timeout, cancelled, ms since the oldest pending one came, or '',
--     how many of the pending ones wait because of the limit of their group, how many starts count against
--     its rate now, how many words follow, and pairs of its
--     settings }
-- COST  11 per queue, and 1 per priority in use, or 2 where groups take turns
local queues = KEYS[2]
local now_arg, first, limit, only = take(4)
local now = now_from(now_arg)

local SETTINGS = { 'concurrency', 'rate_count', 'rate_ms', 'group_concurrency', 'fair', 'aging_ms', 'retention_completed_ms',
  'retention_failed_ms', 'retention_timeout_ms', 'retention_cancelled_ms', 'version' }

-- The first entry of each priority is the oldest of it, or the next of those who take turns.
local function oldest_ms(pending, fair)
  local oldest
  bands.each(pending, function(id, score)
    local since = score - bands.of(score) * PRIORITY_BAND
    if fair then
      local at = redis.call('HMGET', task_key(id), 'pending_ms', 'created_ms')
      since = tonumber(at[1] or at[2] or now.ms) or now.ms
    end
    -- No task came before there was time, nor after now.
    since = math.max(0, math.min(now.ms, since))
    if not oldest or since < oldest then oldest = since end
  end)
  return oldest
end

local function asked_for()
  if only == '' then return redis.call('ZRANGE', queues, first, first + limit - 1) end
  return redis.call('ZSCORE', queues, only) and { only } or {}
end

local reply = { 'counted', digits(redis.call('ZCARD', queues)) }
for _, name in ipairs(asked_for()) do
  local record = redis.call('HMGET', queue_key(name), 'paused_ms', 'retention_ms', 'scheduled', 'running', unpack(SETTINGS))
  local waiting = redis.call('ZCARD', queue_key(name) .. ':waiting')
  local function size(status) return digits(redis.call('ZCARD', queue_key(name) .. ':' .. status)) end
  local window = record[7] and digits(now.us - record[7] * 1000)
  local starts = window and redis.call('ZCOUNT', queue_key(name) .. ':starts', '(' .. window, '+inf') or 0
  local since = oldest_ms(queue_key(name) .. ':pending', record[9])
  for _, word in ipairs({ name, record[1] or '', record[2] or '', record[3] or '0', size('blocked'),
    digits(redis.call('ZCARD', queue_key(name) .. ':pending') + waiting),
    record[4] or '0', size('completed'), size('failed'), size('timeout'), size('cancelled'),
    since and digits(now.ms - since) or '', digits(waiting), digits(starts) }) do
    reply[#reply + 1] = word
  end
  local size_at = #reply + 1
  for at, field in ipairs(SETTINGS) do
    if record[at + 4] then
      if #reply < size_at then reply[size_at] = '0' end
      reply[#reply + 1], reply[#reply + 2] = field, record[at + 4]
    end
  end
  reply[size_at] = digits(math.max(#reply - size_at, 0))
end
return reply
