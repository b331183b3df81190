-- flow/list: a page of the flows of a shard, or the flows that are asked for.
--
-- CLASS  read
-- USES   rows
-- KEYS
--   1  meta       hash    the shard
--   2  flows      zset    flows by the ms they came
--   3  cascades   zset    what is still to be passed on
-- DERIVES flow:<id>
-- ARGV
--   1  order      text    'up' from the oldest, 'down' from the newest
--   2  rank       int     how many to pass over from that end; only without after_score
--   3  after_score  text  where the last page ended, '' to begin at the rank
--   4  after_id   text
--   5  limit      int     how many flows
--   6  only       text    the one flow asked for, or ''
-- REPLY
--   { 'listed', how many flows there are, '1' if there are more, score and id at which the page ended, '1' if ends are
--     being passed on, count, then of each flow: id, how many words, field and value in turn }
-- COST  a search of the index by halves behind after_score, and 1 per flow
local index, cascades = KEYS[2], KEYS[3]
local order, from_rank, after_score, after_id, limit, only = take(6)
local total, page_size = redis.call('ZCARD', index), tonumber(limit)

local function asked_for()
  if only ~= '' then
    local score = redis.call('ZSCORE', index, only)
    return score and { only, score } or {}
  end
  local rank = first_rank(index, total, order, from_rank, after_score, after_id)
  return entries_of(index, order, rank, page_size + 1)
end

local entries = asked_for()
local size = math.min(#entries / 2, page_size)
local reply = { 'listed', digits(total), #entries > 2 * size and '1' or '', entries[2 * size] or '',
  entries[2 * size - 1] or '', redis.call('EXISTS', cascades) == 1 and '1' or '', digits(size) }
for at = 1, size do
  reply[#reply + 1] = entries[2 * at - 1]
  answer_row(reply, flow_key(entries[2 * at - 1]), redis.call('HGETALL', flow_key(entries[2 * at - 1])), {})
end
return reply
