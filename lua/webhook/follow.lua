-- webhook/follow: let a shard know what the first one says of a webhook: of what it is told now, that it was given up, or
-- that it is gone. Whoever knows less than the shard does changes nothing, unless he has seen what the shard knows before he
-- asked the first one: then that has lost it.
--
-- CLASS  drain
-- USES   webhook
-- KEYS
--   1  meta       hash    the shard
--   2  filters    hash    what the shard knows of each webhook
--   3  due        zset    deliveries, by the ms of their next attempt
--   4  tries      hash    how often deliveries failed
--   5  counts     hash    how its deliveries went
--   6  latest     zset    the latest attempts
-- ARGV
--   1  name       text
--   2  version    int     that the first shard has
--   3  id         text    that it was made under there
--   4  state      text    '' if it is gone
--   5  filter     text    what it is told of
--   6  seen       text    version and id that the shard knew before the first one was asked; '' if nobody looked
-- REPLY
--   { 'followed' }
--   { 'known' }
--   { 'refused', 'schema_too_new', '' }
-- COST  6
local filters, due, tries, counts, latest = KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local name, version, id, state, filter, seen = take(6)

if shard_state() then return refused('schema_too_new') end
local known = watched(redis.call('HGET', filters, name))
if state == '' then
  if not known or known.id ~= id then return { 'known' } end
  redis.call('HDEL', filters, name)
  redis.call('UNLINK', due, tries, counts, latest)
  return { 'followed' }
end
local is_seen = known and seen == digits(known.version) .. ' ' .. known.id
local is_same = known and known.id == id and known.version == tonumber(version)
if is_same or (known and known.version >= tonumber(version) and not is_seen) then return { 'known' } end

if known and known.id ~= id then
  redis.call('UNLINK', due, tries, counts, latest)
elseif state == 'disabled' then
  local waiting = redis.call('ZCARD', due)
  if waiting > 0 then redis.call('HINCRBY', counts, 'given_up', digits(waiting)) end
  redis.call('UNLINK', due, tries)
end
-- Whatever was changed, it begins anew to show that it works.
redis.call('HDEL', counts, 'failing_ms')
redis.call('HSET', filters, name, version .. ' ' .. id .. ' ' .. state .. ' ' .. filter)
return { 'followed' }
