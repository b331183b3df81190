-- lib/gate: so many at once, and then one every so often (GCRA). The cell is the time until which all that was let in is
-- paid for.

-- 0, or in how many ms there is room.
local function charge(cell, every_ms, burst)
  local paid = math.max(NOW.ms, tonumber(redis.call('GET', cell) or 0)) + every_ms
  local early = paid - burst * every_ms - NOW.ms
  if early > 0 then return early end
  redis.call('SET', cell, digits(paid), 'PX', digits(paid - NOW.ms))
  return 0
end

local function refund(cell, every_ms)
  local paid = tonumber(redis.call('GET', cell) or 0) - every_ms
  if paid <= NOW.ms then
    redis.call('DEL', cell)
  else
    redis.call('SET', cell, digits(paid), 'PX', digits(paid - NOW.ms))
  end
end

