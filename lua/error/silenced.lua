-- error/silenced: the groups of failures that are silenced now.
--
-- CLASS  read
-- KEYS
--   1  meta      hash    the first shard of the namespace
--   2  silences  hash    groups that are silenced
-- ARGV
--   1  now_ms    int     '' in production: the server's clock decides
-- REPLY
--   { 'listed', then of each: fingerprint, since_ms, until_ms or '', who silenced it or '', why }
-- COST  1, and those that are silenced
local silences = KEYS[2]
local now = now_from(take())

local reply = { 'listed' }
local flat = redis.call('HGETALL', silences)
for at = 1, #flat, 2 do
  local until_ms, since_ms, by, reason = string.match(flat[at + 1], '^(%d+) (%d+) (%S+) (.*)$')
  if until_ms == '0' or tonumber(until_ms or 0) > now.ms then
    for _, word in ipairs({ flat[at], since_ms, until_ms == '0' and '' or until_ms, by == '-' and '' or by, reason }) do
      reply[#reply + 1] = word
    end
  end
end
return reply
