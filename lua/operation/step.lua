-- operation/step: note how a piece of an operation went, and which tasks are the next piece. Only then are they touched, so
-- whoever goes on after a crash asks for the same piece under the same op id, and each task counts once.
--
-- CLASS  drain
-- USES   trail
-- KEYS
--   1  meta       hash    the first shard of the namespace
--   2  live       zset    ids of those that go on, by the ms until which somebody sees to them
--   3  operation  hash    its record
--   4  piece      string  ids of the tasks of the piece that is under way
--   5  trail      stream  what operators did
-- DERIVES operation:<id>:ids
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  id         text
--   3  step       int     that the caller has read
--   4  lease_ms   int     for how long the caller goes on to see to it; 0 to let others
--   5  place      text    behind the next piece; '' if there is no next piece
--   6  matched    int     how many tasks the next piece has
--   7  piece      text    their ids; '' if there are none in sight
--   8  counts     int     how many pairs of the record follow: what to add to which number
-- REPLY
--   { 'stepped', step }
--   { 'over', 'ended' | 'cancelled' }
--   { 'stale' }   somebody else has noted this piece, or the operation is over
--   { 'refused', 'schema_too_new' | 'unknown_operation', '' }
-- COST  8, and 1 per number
local live, key, piece_key, trail = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now_arg, id, step, lease_ms, place, matched, piece, count_pairs = take(8)
local now, counts = now_from(now_arg), { take(2 * count_pairs) }

if shard_state() then return refused('schema_too_new') end
local row = read(key)
if not row then return refused('unknown_operation') end
if row.ended_ms or row.step ~= step then return { 'stale' } end

for at = 1, #counts, 2 do row[counts[at]] = digits(redis.call('HINCRBY', key, counts[at], counts[at + 1])) end
local next_step = digits(step + 1)
if place == '' or row.state == 'cancelling' then
  local state = row.state == 'cancelling' and 'cancelled' or 'ended'
  redis.call('HSET', key, 'state', state, 'step', next_step, 'changed_ms', now.digits, 'ended_ms', now.digits)
  redis.call('HDEL', key, 'place')
  redis.call('UNLINK', piece_key, key .. ':ids')
  redis.call('ZREM', live, id)
  -- What somebody without a right to administer did to a few tasks is in their histories, and pushes nothing off the trail.
  if not row.quiet or tonumber(row.done) > OPERATION_PIECE then
    note_trail(trail, { 'action', row.action, 'by', row.created_by or '', 'subject', id, 'outcome', state, 'count', row.done })
  end
  return { 'over', state }
end
redis.call('HSET', key, 'step', next_step, 'place', place, 'changed_ms', now.digits)
redis.call('HINCRBY', key, 'matched', matched)
if piece == '' then redis.call('UNLINK', piece_key) else redis.call('SET', piece_key, piece) end
redis.call('ZADD', live, digits(now.ms + lease_ms), id)
return { 'stepped', next_step }
