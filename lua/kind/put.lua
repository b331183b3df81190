-- kind/put: say what holds for tasks of a kind that say nothing themselves. What was said before is forgotten.
--
-- CLASS  grow
-- USES   batch
-- KEYS
--   1  meta       hash    the shard
--   2  events     stream
--   3  kinds      zset    kinds of which something is said, in the order of the alphabet
--   4  kind       hash    what is said of it
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  kind       text
--   3  by         text    who says so
--   4  digest     text    of what is said
--   5  expects    int     the version that it has; '' for any
--   6  becomes    int     the version that it gets; '' in the first shard, which draws it
--   7  fields     int     how many pairs of the record follow
-- REPLY
--   { 'put', 'created' | 'changed' | 'same', version }
--   { 'stale', version }
--   { 'refused', 'schema_too_new', '' }
--   { 'refused', 'conflict', '' }   there are too many
-- COST  8
local kinds, key = KEYS[3], KEYS[4]
local now_arg, kind, by, digest, expects, becomes, field_count = take(7)
local now, who, fields = now_from(now_arg), actor('', '', by), { take(2 * field_count) }

if shard_state() then return refused('schema_too_new') end
local row = read(key)
-- A repeat, after a lost answer, finds what it wrote.
if row and row.digest == digest and (becomes == '' or row.version == becomes) then return { 'put', 'same', row.version } end
if becomes == '' and expects ~= '' and (not row or row.version ~= expects) then return { 'stale', row and row.version or '0' } end
-- In another shard somebody who knew a later one was faster.
if becomes ~= '' and row and tonumber(row.version) > tonumber(becomes) then return { 'put', 'same', row.version } end
if not row and redis.call('ZCARD', kinds) >= KINDS_MAX then return refused('conflict') end

-- It is a time, so that one that was forgotten and said anew does not begin at 1 again.
local version = becomes ~= '' and becomes or digits(math.max(now.ms, (row and row.version or 0) + 1))
for name, value in pairs({ version = version, digest = digest, changed_ms = now.digits, changed_by = by,
  created_ms = row and row.created_ms or now.digits }) do
  fields[#fields + 1], fields[#fields + 2] = name, value
end
redis.call('UNLINK', key)
redis.call('HSET', key, unpack(fields))
redis.call('ZADD', kinds, 0, kind)
tell('kind_put', who, 'kind', kind)
write_batch()
return { 'put', row and 'changed' or 'created', version }
