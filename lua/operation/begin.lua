-- operation/begin: note what is to be done to many tasks, before the first of them is touched.
--
-- CLASS  drain
-- USES   once
-- KEYS
--   1  meta        hash    the first shard of the namespace
--   2  operations  zset    ids, in the order in which they began
--   3  live        zset    ids of those that go on, by the ms until which somebody sees to them
--   4  operation   hash    its record
--   5  op          string  the remembered answer of this call; only with an idempotency key
-- DERIVES operation:<id> operation:<id>:ids operation:<id>:piece
-- ARGV
--   1  now_ms      int     '' in production: the server's clock decides
--   2  id          text    drawn by the caller: a repeat carries the same one
--   3  digest      text    of what is asked for
--   4  lease_ms    int     for how long the caller sees to it
--   5  ids         text    of the tasks, where they are named; else ''
--   6  fields      int     how many pairs of the record follow
-- REPLY
--   { 'begun', id }
--   { 'replayed', id }
--   { 'refused', 'schema_too_new' | 'idempotency_mismatch', '' }
--   { 'refused', 'conflict', 'limit' if too many go on }
-- COST  12; where it forgets an old one, a look at each that goes on
local operations, live, key, op = KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now_arg, id, digest, lease_ms, ids, field_count = take(6)
local now, fields = now_from(now_arg), { take(2 * field_count) }

-- Those that go on are never forgotten, so of so many of the oldest one at least is over.
local function forget_oldest()
  for _, old in ipairs(redis.call('ZRANGE', operations, 0, OPERATIONS_LIVE_MAX)) do
    if not redis.call('ZSCORE', live, old) then
      local record = SHARD .. 'operation:' .. old
      redis.call('UNLINK', record, record .. ':ids', record .. ':piece')
      redis.call('ZREM', operations, old)
      return
    end
  end
end

if shard_state() then return refused('schema_too_new') end
if op then
  local answer = remembered(op, digest)
  if answer then return answer end
end
if redis.call('EXISTS', key) == 1 then return { 'begun', id } end
if redis.call('ZCARD', live) >= OPERATIONS_LIVE_MAX then return refused('conflict', 'limit') end

if redis.call('ZCARD', operations) >= OPERATIONS_MAX then forget_oldest() end
redis.call('HSET', key, 'state', 'running', 'step', '0', 'matched', '0', 'done', '0', 'created_ms', now.digits, unpack(fields))
if ids ~= '' then redis.call('SET', key .. ':ids', ids) end
redis.call('ZADD', operations, 0, id)
redis.call('ZADD', live, digits(now.ms + lease_ms), id)
local reply = { 'begun', id }
if op then remember(op, digest, reply, OP_RETENTION_MS) end
return reply
