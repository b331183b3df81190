-- webhook/change: let a webhook rest or go on, give it up, or give it another secret.
--
-- CLASS  drain
-- USES   batch
-- KEYS
--   1  meta       hash    the first shard of the namespace
--   2  events     stream
--   3  webhook    hash    its record
-- ARGV
--   1  now_ms     int     '' in production: the server's clock decides
--   2  name       text
--   3  by         text    who says so
--   4  what       text    pause, resume, disable, rotate
--   5  expects    int     the version that it has; '' for any
--   6  word       text    why it is given up; the print of the secret that the next one is derived from
--   7  op         text    of rotate: names the call, so that a repeat finds what it did
-- REPLY
--   { 'done' | 'same', version }
--   { 'stale', version }
--   { 'refused', 'schema_too_new' | 'unknown_webhook', '' }
-- COST  6
local key = KEYS[3]
local now_arg, name, by, what, expects, word, op = take(7)
local now, who = now_from(now_arg), actor('', '', by)

if shard_state() then return refused('schema_too_new') end
local row = read(key)
if not row then return refused('unknown_webhook') end
local STATES = { pause = 'paused', resume = 'active', disable = 'disabled' }
if row.state == STATES[what] or (what == 'rotate' and row.rotated_op == op) then return { 'same', row.version } end
if expects ~= '' and row.version ~= expects then return { 'stale', row.version } end
-- What was given up goes on only when somebody says so.
if what == 'pause' and row.state == 'disabled' then return { 'same', row.version } end

local version = digits(math.max(now.ms, row.version + 1))
local fields = { 'version', version, 'changed_ms', now.digits, 'changed_by', by }
local function set(field, value) fields[#fields + 1], fields[#fields + 2] = field, value end
if what == 'rotate' then
  set('generation', digits(row.generation + 1))
  set('root', word)
  set('old_root', row.root)
  set('rotated_ms', now.digits)
  set('rotated_op', op)
else
  set('state', STATES[what] or error('BROKEN nothing is done to a webhook by ' .. what))
  redis.call('HDEL', key, 'reason', 'disabled_ms')
  if what == 'disable' then
    set('reason', word)
    set('disabled_ms', now.digits)
  end
end
redis.call('HSET', key, unpack(fields))
tell('webhook_' .. what, who, 'webhook', what == 'disable' and name .. ' ' .. word or name)
write_batch()
return { 'done', version }
