-- task/refused: what was lately reported of a task and refused: late reports, and those of holders that are none any more.
--
-- CLASS  read
-- KEYS
--   1  meta       hash    the shard
--   2  refused    zset    of the task: '<worker> <fence> <verb> <code>' by the ms of the last time
-- ARGV
-- REPLY
--   { 'listed', of each, the latest first: when, worker, fence, verb, code }
-- COST  1; at most 10 lines
local refused_writes = KEYS[2]

local reply = { 'listed' }
local lines = redis.call('ZRANGE', refused_writes, 0, REFUSED_WRITES_MAX - 1, 'REV', 'WITHSCORES')
for at = 1, #lines, 2 do
  local worker, fence, verb, code = string.match(lines[at], '^(%S+) (%d+) (%S+) (%S+)$')
  if worker then
    local size = #reply
    reply[size + 1], reply[size + 2], reply[size + 3] = lines[at + 1], worker, fence
    reply[size + 4], reply[size + 5] = verb, code
  end
end
return reply
