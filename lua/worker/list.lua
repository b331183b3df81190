-- worker/list: a page of the workers, or one, with what they hold and when their leases end.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
--   2  leases     zset    holders and their deadlines
--   3  workers    zset    workers by registration
-- DERIVES worker:<id> held:<worker>:<boot>
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  first      int     rank of the first worker of the page
--   3  limit      int     how many workers
--   4  only       text    the one worker asked for, or ''
-- REPLY
--   { 'listed', now_ms, how many workers there are, then of each: id, lease deadline or '', how many tasks it holds,
--     how many words, field and value of its record in turn }
-- COST  3 per worker
local leases, workers = KEYS[2], KEYS[3]
local now_arg, first, limit, only = take(4)
local now = now_from(now_arg)

local function asked_for()
  if only == '' then return redis.call('ZRANGE', workers, first, first + limit - 1) end
  return redis.call('ZSCORE', workers, only) and { only } or {}
end

local reply = { 'listed', now.digits, digits(redis.call('ZCARD', workers)) }
for _, worker in ipairs(asked_for()) do
  local flat = redis.call('HGETALL', SHARD .. 'worker:' .. worker)
  local boot = ''
  for at = 1, #flat, 2 do
    if flat[at] == 'boot' then boot = flat[at + 1] end
  end
  local at = #reply
  reply[at + 1] = worker
  reply[at + 2] = redis.call('ZSCORE', leases, worker .. ':' .. boot) or ''
  reply[at + 3] = digits(redis.call('ZCARD', held_key(worker, boot)))
  reply[at + 4] = digits(#flat)
  for field = 1, #flat do reply[#reply + 1] = flat[field] end
end
return reply
