-- task/list: a page of the tasks of one status in one queue, or of all that are scheduled.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  index      zset    of the status, or the pending ones of a queue that wait because of their group
-- DERIVES task:<id> task:<id>:reason task:<id>:tags
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
-- COST  a search of the index by halves behind after_score, and 3 per task; at most 500 entries are looked at to filter
local index = KEYS[2]
local order, from_rank, after_score, after_id, limit, queue = take(6)
local total, page_size = redis.call('ZCARD', index), tonumber(limit)
-- One more than the page tells whether there is more; an entry whose task is gone makes a page that is short.
local scan = queue == '' and page_size + 1 or SCAN_MAX

local rank = first_rank(index, total, order, from_rank, after_score, after_id)
local entries = entries_of(index, order, rank, scan)

local found, words, at = 0, {}, 1
while at <= #entries and found < page_size do
  -- Those that wait because of their group stand there with what they are ordered by; the id is at the end.
  if answer_listed(words, string.sub(entries[at], -ID_LENGTH), queue) then found = found + 1 end
  at = at + 2
end

local more = at <= #entries or #entries == 2 * scan
local reply = { 'listed', digits(total), more and '1' or '', entries[at - 1] or '', entries[at - 2] or '', digits(found) }
for _, word in ipairs(words) do reply[#reply + 1] = word end
return reply
