-- webhook/put: make a webhook, or say anew of what it is told and where. What was said before is forgotten.
--
-- CLASS  grow
-- USES   batch
-- KEYS
--   1  meta       hash    the first shard of the namespace
--   2  events     stream
--   3  webhooks   zset    names, in the order of the alphabet
--   4  webhook    hash    its record
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  name       text
--   3  by         text    who says so
--   4  digest     text    of what is said
--   5  expects    int     the version that it has, 0 for none; '' for any
--   6  id         text    drawn by the caller: tells it from an earlier one of its name
--   7  root       text    the print of the secret that its own is derived from, if it is new
--   8  fields     int     how many pairs of the record follow
-- REPLY
--   { 'put', 'created' | 'changed' | 'same', version }
--   { 'stale', version }
--   { 'refused', 'schema_too_new', '' }
--   { 'refused', 'conflict', '' }   there are too many
-- COST  8
local webhooks, key = KEYS[3], KEYS[4]
local now_arg, name, by, digest, expects, id, root, field_count = take(8)
local now, who, fields = now_from(now_arg), actor('', '', by), { take(2 * field_count) }

if shard_state() then return refused('schema_too_new') end
local row = read(key)
-- A repeat, after a lost answer, finds what it wrote.
if row and row.digest == digest then return { 'put', 'same', row.version } end
local has = row and row.version or '0'
if expects ~= '' and expects ~= has then return { 'stale', has } end
if not row and redis.call('ZCARD', webhooks) >= WEBHOOKS_MAX then return refused('conflict') end

local function set(field, value) fields[#fields + 1], fields[#fields + 2] = field, value end
-- It is a time, so that one that was removed and made anew does not begin at 1 again.
local version = digits(math.max(now.ms, (row and row.version or 0) + 1))
set('version', version)
set('digest', digest)
if row then
  redis.call('HDEL', key, 'description')
  set('changed_ms', now.digits)
  set('changed_by', by)
else
  set('id', id)
  set('root', root)
  set('generation', '1')
  set('state', 'active')
  set('created_ms', now.digits)
  set('created_by', by)
  redis.call('ZADD', webhooks, 0, name)
end
redis.call('HSET', key, unpack(fields))
tell('webhook_put', who, 'webhook', name)
write_batch()
return { 'put', row and 'changed' or 'created', version }
