-- gateway/seen: a gateway writes down that it is there, and how it does; those that were not seen for long are forgotten.
--
-- CLASS  drain
-- KEYS
--   1  meta      hash    the first shard of the namespace
--   2  gateways  zset    gateways by the ms they were last seen
--   3  gateway   hash    the report of the caller
-- DERIVES gateway:<id>
-- ARGV
--   1  now_ms    int     '' in production: the server's clock decides
--   2  gateway   text    the caller's id
--   3  fields    int     how many pairs of the record follow
-- REPLY
--   { 'seen', now_ms }
--   { 'refused', 'schema_too_new', '' }
-- COST  8; 2 more where some are forgotten; 1 ZADD per one that was seen later than now
local gateways, own = KEYS[2], KEYS[3]
local now_arg, gateway, field_count = take(3)
local now, fields = now_from(now_arg), { take(2 * field_count) }

if shard_state() then return refused('schema_too_new') end

-- Those that were not seen for the longest time; gateways that begin and die again and again are bounded by their number.
local left = redis.call('ZCARD', gateways) - (redis.call('ZSCORE', gateways, gateway) and 1 or 0)
local oldest = redis.call('ZRANGE', gateways, 0, GATEWAYS_SWEEP_MAX - 1, 'WITHSCORES')
local records, names = {}, {}
for at = 1, #oldest, 2 do
  local is_over = tonumber(oldest[at + 1]) <= now.ms - GATEWAY_RETENTION_MS
  if oldest[at] ~= gateway and (is_over or left >= GATEWAYS_MAX) then
    left = left - 1
    names[#names + 1], records[#records + 1] = oldest[at], SHARD .. 'gateway:' .. oldest[at]
  end
end
-- A clock that went back left some that would never fall silent.
local ahead = redis.call('ZRANGE', gateways, '(' .. now.digits, '+inf', 'BYSCORE', 'LIMIT', 0, GATEWAYS_SWEEP_MAX)

if #names > 0 then
  redis.call('ZREM', gateways, unpack(names))
  redis.call('UNLINK', unpack(records))
end
for _, id in ipairs(ahead) do redis.call('ZADD', gateways, now.digits, id) end
redis.call('ZADD', gateways, now.digits, gateway)
redis.call('HSET', own, unpack(fields))
return { 'seen', now.digits }
