-- task/list: a page of the tasks of one status in one queue, or of all that are scheduled.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  index      zset    of the status
-- DERIVES task:<id> task:<id>:reason task:<id>:tags
-- ARGV
--   1  order      text    'up' from the lowest score, 'down' from the highest
--   2  after_score  text  where the last page ended, '' for the first
--   3  after_id   text
--   4  limit      int     how many tasks
--   5  queue      text    only of this queue, where the index has all queues; else ''
-- REPLY
--   { 'listed', total, '1' if there is more, score and id at which the page ended, count, then of each task:
--     id, how many words, field and value in turn }
-- COST  a search of the index by halves, and 3 per task; at most 500 entries are looked at to filter
local index = KEYS[2]
local order, after_score, after_id, limit, queue = take(5)
local total, page_size = redis.call('ZCARD', index), tonumber(limit)

-- The rank of the first entry that is after the place where the last page ended, counted upwards. The entry itself may
-- be gone by now, so the place is found by halves: O(log² n), whatever lies between.
local function rank_after(score, id)
  local low, high = 0, total
  while low < high do
    local middle = math.floor((low + high) / 2)
    local entry = redis.call('ZRANGE', index, middle, middle, 'WITHSCORES')
    local at = tonumber(entry[2])
    local before = at < score or (at == score and (entry[1] < id or (entry[1] == id and order == 'up')))
    if before then low = middle + 1 else high = middle end
  end
  return low
end

local first
if after_score == '' then first = order == 'up' and 0 or total - 1
elseif order == 'up' then first = rank_after(tonumber(after_score), after_id)
else first = rank_after(tonumber(after_score), after_id) - 1
end

local entries
if order == 'up' then entries = redis.call('ZRANGE', index, first, first + SCAN_MAX - 1, 'WITHSCORES')
elseif first < 0 then entries = {}
else
  local rank = total - 1 - first
  entries = redis.call('ZRANGE', index, rank, rank + SCAN_MAX - 1, 'REV', 'WITHSCORES')
end

local found, words, at = 0, {}, 1
while at <= #entries and found < page_size do
  if answer_listed(words, entries[at], queue) then found = found + 1 end
  at = at + 2
end

local more = at <= #entries or #entries == 2 * SCAN_MAX
local reply = { 'listed', digits(total), more and '1' or '', entries[at - 1] or '', entries[at - 2] or '', digits(found) }
for _, word in ipairs(words) do reply[#reply + 1] = word end
return reply
