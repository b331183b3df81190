-- task/list: a page of the tasks of one status in one queue, or of all that are scheduled.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  index      zset    of the status
-- DERIVES task:<id> task:<id>:reason task:<id>:tags queue:<name>:waiting
-- ARGV
--   1  order      text    'up' from the lowest score, 'down' from the highest
--   2  rank       int     how many entries to pass over from that end; only without after_score
--   3  after_score  text  where the last page ended, '' to begin at the rank
--   4  after_id   text
--   5  limit      int     how many tasks
--   6  queue      text    only of this queue, where the index has all queues; else ''
-- REPLY
--   { 'listed', total, '1' if there is more, score and id at which the page ended, count, then of each task:
--     id, how many words, field and value in turn }
-- COST  2, a search of the index by halves behind after_score, and 3 per task; at most 500 entries are looked at to filter
local index = KEYS[2]
local order, from_rank, after_score, after_id, limit, queue = take(6)
-- Pending tasks of which too many of the group run stand beside the others, and behind them in a list.
local is_pending = string.sub(index, -8) == ':pending'
local beside = is_pending and string.sub(index, 1, -8) .. 'waiting'
local first_size, beside_size = redis.call('ZCARD', index), beside and redis.call('ZCARD', beside) or 0
local total, page_size = first_size + beside_size, tonumber(limit)
-- One more than the page tells whether there is more; an entry whose task is gone makes a page that is short.
local scan = queue == '' and page_size + 1 or SCAN_MAX

-- The name under which a task stood beside the others when a page ended with it.
local function name_beside(id)
  local at = redis.call('HMGET', task_key(id), 'group', 'priority', 'pending_ms', 'created_ms')
  return waiting_member(id, { group = at[1] or '', priority = at[2] }, tonumber(at[3] or at[4] or 0))
end

local function begin()
  -- Those that stood beside have gone on meanwhile.
  if beside_size == 0 and after_score == '0' then return order == 'up' and total or 0 end
  if beside_size == 0 or after_score == '' then return first_rank(index, total, order, from_rank, after_score, after_id) end
  local upwards = after_score == '0' and first_size + rank_after(beside, beside_size, 0, name_beside(after_id), order)
    or rank_after(index, first_size, tonumber(after_score), after_id, order)
  return order == 'up' and upwards or total - upwards
end

-- Of the two as if they were one.
local function entries_from(rank)
  local here, size, there, there_size = index, first_size, beside, beside_size
  if order ~= 'up' then here, size, there, there_size = beside, beside_size, index, first_size end
  local found = rank < size and entries_of(here, order, rank, scan) or {}
  if #found < 2 * scan then
    local more = entries_of(there, order, math.max(0, rank - size), scan - #found / 2)
    for _, word in ipairs(more) do found[#found + 1] = word end
  end
  return found
end

local rank = begin()
local entries = beside_size > 0 and entries_from(rank) or entries_of(index, order, rank, scan)

local found, words, at = 0, {}, 1
while at <= #entries and found < page_size do
  if answer_listed(words, string.sub(entries[at], -ID_LENGTH), queue) then found = found + 1 end
  at = at + 2
end

local more = at <= #entries or #entries == 2 * scan
local reply = { 'listed', digits(total), more and '1' or '', entries[at - 1] or '',
  string.sub(entries[at - 2] or '', -ID_LENGTH), digits(found) }
for _, word in ipairs(words) do reply[#reply + 1] = word end
return reply
