#!lua
-- The least that a submit of this design must write: hash, payload, index, one stream entry, one counter.
-- KEYS: prefix. ARGV: count, then id and payload of each.
local prefix, count = KEYS[1], tonumber(ARGV[1])
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local index, event = {}, {}
for at = 2, 2 * count, 2 do
  local id = ARGV[at]
  redis.call('HSET', prefix .. 'task:' .. id, 'status', 'pending', 'kind', 'bench', 'created_ms', now, 'version', '1')
  redis.call('SET', prefix .. 'task:' .. id .. ':payload', ARGV[at + 1])
  index[#index + 1], index[#index + 2] = now, id
  event[#event + 1], event[#event + 2] = id, '1'
end
redis.call('ZADD', prefix .. 'pending', unpack(index))
for from = 1, #event, 200 do
  redis.call('XADD', prefix .. 'events', '*', 'event', 'submit', unpack(event, from, math.min(#event, from + 199)))
end
redis.call('HINCRBY', prefix .. 'meta', 'submitted', count)
return 'OK'
