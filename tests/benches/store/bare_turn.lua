#!lua
-- The least that settle-and-claim must do: fence and gate checked, lease per holder, one entry per call and event.
-- KEYS: prefix. ARGV: holder, how many to claim, how many to settle, then id and fence of each.
local prefix, holder, want, count = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local us = time[1] * 1000000 + time[2]
local now, fence = string.format('%.0f', math.floor(us / 1000)), string.format('%.0f', us)
local held, settled, index, event = prefix .. 'held:' .. holder, {}, {}, {}
for at = 4, 3 + 2 * count, 2 do
  local id, key = ARGV[at], prefix .. 'task:' .. ARGV[at]
  local row = redis.call('HMGET', key, 'status', 'worker', 'fence', 'version')
  if row[1] == 'running' and row[2] == holder and row[3] == ARGV[at + 1] then
    redis.call('HSET', key, 'status', 'completed', 'finished_ms', now, 'version', row[4] + 1)
    settled[#settled + 1] = id
    index[#index + 1], index[#index + 2] = now, id
    event[#event + 1], event[#event + 2] = id, '3'
  end
end
local reply, taken, held_add, claim_event = {}, {}, {}, {}
for _, id in ipairs(redis.call('ZRANGE', prefix .. 'pending', 0, want - 1)) do
  local key = prefix .. 'task:' .. id
  local row = redis.call('HMGET', key, 'status', 'open_parents', 'fence', 'version', 'kind')
  if row[1] == 'pending' and not row[2] then
    redis.call('HSET', key, 'status', 'running', 'worker', holder, 'fence', fence, 'started_ms', now, 'version', row[4] + 1)
    taken[#taken + 1] = id
    held_add[#held_add + 1], held_add[#held_add + 2] = fence, id
    claim_event[#claim_event + 1], claim_event[#claim_event + 2] = id, '2'
    reply[#reply + 1], reply[#reply + 2] = id, fence
    reply[#reply + 1] = redis.call('GET', key .. ':payload')
  end
end
redis.call('ZADD', prefix .. 'leases', 'GT', string.format('%.0f', us / 1000 + 30000), holder)
if #settled > 0 then
  redis.call('ZREM', held, unpack(settled))
  redis.call('ZADD', prefix .. 'completed', unpack(index))
  redis.call('XADD', prefix .. 'events', '*', 'event', 'complete', 'worker', holder, unpack(event))
end
if #taken > 0 then
  redis.call('ZREM', prefix .. 'pending', unpack(taken))
  redis.call('ZADD', held, unpack(held_add))
  redis.call('XADD', prefix .. 'events', '*', 'event', 'claim', 'worker', holder, unpack(claim_event))
end
if #taken ~= #settled then redis.call('HINCRBY', prefix .. 'meta', 'running', #taken - #settled) end
return reply
