-- lib/refused: what reached a task and was not believed, for people who look for a late or a second holder.

-- Notes a refused write beside the task that it was meant for, which must be there. The same words again only move their
-- time, so whoever repeats himself for ever takes one place; the latest ones are kept.
local function note_refused(task, worker, fence, verb, code)
  local key = task .. ':refused'
  redis.call('ZADD', key, NOW.digits, worker .. ' ' .. fence .. ' ' .. verb .. ' ' .. code)
  redis.call('ZREMRANGEBYRANK', key, 0, -REFUSED_WRITES_MAX - 1)
end
