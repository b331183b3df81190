-- lib/prelude: what every script of a shard starts with. KEYS[1] is always the meta hash, of the shard or of the
-- namespace; in scripts that change something within a shard KEYS[2] is its event stream.
local META, EVENTS = KEYS[1], KEYS[2]
local SHARD = string.sub(META, 1, -5)

-- Whether any queue of the shard has rules for its groups; nil where nobody has asked.
local RULED

-- Whether a newer release owns this shard, and when its next tick is due.
local function shard_state()
  local state = redis.call('HMGET', META, 'schema', 'tick_ms', 'ruled')
  RULED = state[3] == '1'
  return state[1] and tonumber(state[1]) > SCHEMA, state[2] or ''
end

local function task_key(id) return SHARD .. 'task:' .. id end
local function queue_key(queue) return SHARD .. 'queue:' .. queue end
local function flow_key(flow) return SHARD .. 'flow:' .. flow end

-- A key that a batch names for each of its tasks is put together once.
local held_keys = {}
local function held_key(worker, boot)
  local keys = held_keys[worker]
  if not keys then
    keys = {}
    held_keys[worker] = keys
  end
  if not keys[boot] then keys[boot] = SHARD .. 'held:' .. worker .. ':' .. boot end
  return keys[boot]
end

-- A hash as a table of its fields; nil where there is none. A task that is still a draft does not exist yet.
local function read(key)
  local flat = redis.call('HGETALL', key)
  if #flat == 0 then return nil end
  local row = {}
  for at = 1, #flat, 2 do row[flat[at]] = flat[at + 1] end
  if row.draft then return nil end
  return row
end

-- What is said of a kind, for its tasks that say nothing themselves; nil where nothing is. A call reads it once.
local rules_read = {}
local function rules_of(kind)
  local rules = rules_read[kind]
  if rules == nil then
    rules = read(SHARD .. 'kind:' .. kind) or false
    rules_read[kind] = rules
  end
  return rules or nil
end

-- Who moves tasks, for the stream. Empty words are left out of the entry.
local function actor(worker, boot, by)
  return { worker = worker or '', boot = boot or '', by = by or '' }
end
