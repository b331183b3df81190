-- webhook/settle: note how an attempt to deliver went. What failed waits for the next one, or is given up.
--
-- CLASS  drain
-- USES   webhook
-- KEYS
--   1  meta       hash    the shard
--   2  due        zset    deliveries, by the ms of their next attempt
--   3  tries      hash    how often deliveries failed
--   4  counts     hash    how its deliveries went
--   5  latest     zset    the latest attempts
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  name       text    of the webhook
--   3  delivery   text    its words, as they were handed out
--   4  failed     int     how often it had failed then
--   5  again_ms   int     in how many ms it is tried again; '' if it arrived
--   6  status     int     that the receiver answered with; 0 for no answer
--   7  took_ms    int
--   8  error      text    why it failed
-- REPLY
--   { 'delivered' }
--   { 'again' | 'given_up', '1' if nothing was delivered here for as long as a delivery may wait }
--   { 'stale' }   it waits no more, or somebody else has noted an attempt
--   { 'refused', 'schema_too_new', '' }
-- COST  10
local due, tries, counts = KEYS[2], KEYS[3], KEYS[4]
local now_arg, name, delivery, failed, again_ms, status, took_ms, why = take(8)
local now = now_from(now_arg)

if shard_state() then return refused('schema_too_new') end
local since, id = delivery_words(delivery)
if not redis.call('ZSCORE', due, delivery) or failures(tries, id) ~= tonumber(failed) then return { 'stale' } end

if again_ms == '' then
  forget_delivery(name, delivery, id)
  redis.call('HINCRBY', counts, 'delivered', 1)
  redis.call('HSET', counts, 'delivered_ms', now.digits)
  redis.call('HDEL', counts, 'failing_ms')
  note_attempt(name, { id, 'delivered', status, took_ms, failed, '' })
  return { 'delivered' }
end
redis.call('HINCRBY', counts, 'failed', 1)
redis.call('HSETNX', counts, 'failing_ms', now.digits)
-- A single delivery that fails from its first attempt to its last is such a day.
local failing_for = now.ms - redis.call('HGET', counts, 'failing_ms')
local failing = failing_for >= WEBHOOK_AGE_MS_MAX - 2 * WEBHOOK_LAST_MS and '1' or ''
-- However long it is to wait, one last attempt lies within its day.
local last_ms = since + WEBHOOK_AGE_MS_MAX - WEBHOOK_LAST_MS
if now.ms >= last_ms then
  give_up(name, delivery, id, { id, 'given_up', status, took_ms, digits(failed + 1), why })
  return { 'given_up', failing }
end
local next_ms = math.min(now.ms + again_ms, last_ms)
redis.call('ZADD', due, digits(next_ms), delivery)
redis.call('HSET', tries, id, digits(failed + 1) .. ' ' .. status .. ' ' .. why)
note_attempt(name, { id, 'failed', status, took_ms, digits(failed + 1), why })
return { 'again', failing }
