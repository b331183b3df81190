-- shard/facts: what happened behind the place up to which it is written down, with what is known of those tasks.
--
-- CLASS  read
-- KEYS
--   1  meta      hash    the shard
--   2  events    stream
-- DERIVES queues webhooks:filters task:<id> task:<id>:tags task:<id>:error task:<id>:reason
-- ARGV
--   1  now_ms    int     '' in production: the server's clock decides
--   2  limit     int     after so many task events no further entry is taken
--   3  joins     flag    '1' by who is not at it yet, and leaves it to somebody who is
-- REPLY
--   { 'facts', the place or '', what is done of the entry behind it or '', '1' if the place was trimmed away, lag_ms,
--     how many entries, of each: id, how many words,
--     field and value in turn; then how many tasks, of each: id and eleven words, '' for unknown;
--     then how many queues, and their names; then what the shard knows of each webhook, name and words in turn }
--   { 'busy' }                           somebody is at it
--   { 'refused', 'schema_too_new', '' }
-- COST  5 + 1 per 20 entries, 1 per task, 1 more per one that has ended or is rerun, 2 more per one that failed
local now_arg, limit, joins = take(3)
local now = now_from(now_arg)
local state = redis.call('HMGET', META, 'schema', 'behind', 'behind_ms', 'behind_part')

if state[1] and tonumber(state[1]) > SCHEMA then return refused('schema_too_new') end
local place, silence = state[2], now.ms - (state[3] or 0)
-- Of one entry a part may be written down, which says nothing of any other.
local part_of, part = string.match(state[4] or '', '^(%S+) (%d+)$')
-- A clock that went back says nothing.
if joins == '1' and silence >= 0 and silence < BEHIND_SILENCE_MS then return { 'busy' } end

local KNOWN = { event = true, worker = true, boot = true, by = true, queue = true, stall = true, pool = true, schedule = true,
  kind = true, webhook = true }
local FAILS = { retry = true, fail = true, time_out = true, reclaim = true }
local ROW = { 'created_ms', 'pending_ms', 'started_ms', 'finished_ms', 'fence', 'worker', 'flow', 'priority', 'tags', 'error',
  'reason' }

-- Entries are read a few at a time: one has a hundred events or a single one.
local entries, events, left, from = {}, {}, tonumber(limit), place and '(' .. place or '-'
local read_all = false
while left > 0 and not read_all do
  local piece = redis.call('XRANGE', EVENTS, from, '+', 'COUNT', BEHIND_ENTRIES_AT_ONCE)
  read_all = #piece < BEHIND_ENTRIES_AT_ONCE
  for _, entry in ipairs(piece) do
    if left <= 0 then break end
    entries[#entries + 1] = entry
    from = '(' .. entry[1]
    local event, words, tasks = '', entry[2], 0
    local done = entry[1] == part_of and tonumber(part) or 0
    for word = 1, #words, 2 do
      if words[word] == 'event' then event = words[word + 1]
      elseif not KNOWN[words[word]] then
        tasks = tasks + 1
        if tasks > done then events[#events + 1] = { words[word], event } end
      end
    end
    left = left - math.max(tasks - done, 1)
  end
end

-- What a task says of itself now; values that are long lie beside it.
local rows, order = {}, {}
local function beside(row, at, key, name, bytes)
  if row[at] == '' then row[at] = redis.call('GETRANGE', key .. ':' .. name, 0, bytes - 1) end
end
-- Of a long error both ends, exactly those that a search for its group looks at.
local function ends(text)
  if #text <= 2 * ERROR_END_BYTES then return text end
  return string.sub(text, 1, ERROR_END_BYTES) .. '\n' .. string.sub(text, -ERROR_END_BYTES)
end
for _, one in ipairs(events) do
  local id, event = one[1], one[2]
  local key, row = task_key(id), rows[id]
  if not row then
    row = redis.call('HMGET', key, unpack(ROW))
    for at = 1, #ROW do row[at] = row[at] or '' end
    rows[id], order[#order + 1] = row, id
  end
  if row[1] ~= '' then
    if row[4] ~= '' or event == 'rerun' then beside(row, 9, key, 'tags', BEHIND_VALUE_BYTES) end
    if FAILS[event] then
      beside(row, 10, key, 'error', ERROR_BYTES_MAX)
      row[10] = ends(row[10])
      beside(row, 11, key, 'reason', BEHIND_VALUE_BYTES)
    end
  end
end

-- How long ago the first of them happened. Ids of entries are of the server's clock, whatever a test says.
local lag, trimmed = 0, ''
if entries[1] then
  local time = redis.call('TIME')
  lag = math.max(0, math.floor(time[1] * 1000 + time[2] / 1000) - tonumber(string.match(entries[1][1], '^%d+')))
  if place and not redis.call('XRANGE', EVENTS, place, place)[1] then trimmed = '1' end
end
local reply = { 'facts', place or '', state[4] or '', trimmed, digits(lag), digits(#entries) }
for _, entry in ipairs(entries) do
  reply[#reply + 1] = entry[1]
  reply[#reply + 1] = digits(#entry[2])
  for _, word in ipairs(entry[2]) do reply[#reply + 1] = word end
end
reply[#reply + 1] = digits(#order)
for _, id in ipairs(order) do
  reply[#reply + 1] = id
  for _, word in ipairs(rows[id]) do reply[#reply + 1] = word end
end
-- Those that appeared first have series of their own.
local queues = entries[1] and redis.call('ZRANGE', SHARD .. 'queues', 0, SERIES_QUEUES_MAX - 1) or {}
reply[#reply + 1] = digits(#queues)
for _, name in ipairs(queues) do reply[#reply + 1] = name end
local webhooks = entries[1] and redis.call('HGETALL', SHARD .. 'webhooks:filters') or {}
for _, word in ipairs(webhooks) do reply[#reply + 1] = word end
return reply
